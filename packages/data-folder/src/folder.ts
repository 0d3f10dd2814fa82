import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';

import { DataFolderError } from './data-folder-error.ts';
import { isErrno } from './private-file.ts';

/**
 * Makes a folder and those above it, where they are missing.
 *
 * One at a time: Node's own recursive mkdir never returns where a folder exists that nothing can be made in, such as /proc.
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isErrno(error, 'EEXIST') || !(await isFolder(path))) throw error;
  }
}

/** Does something in the data folder, and turns what the operating system objects to into a DataFolderError. */
export async function inDataFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toDataFolderError(folder, error);
  }
}

function toDataFolderError(folder: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return error;
  const why = getSystemErrorMessage(error.errno);
  return new DataFolderError(
    `the data folder ${folder} cannot be used (${why}); set GANTRY_DATA_DIR to a folder you may write`,
    { cause: error },
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return false;
    throw error;
  }
}
