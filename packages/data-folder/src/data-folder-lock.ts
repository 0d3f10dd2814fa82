import { EmbeddedPostgresError } from '@gantry/embedded-postgres';
import { lockFolder } from '@gantry/embedded-postgres/folder-lock';

import { DataFolderError } from './data-folder-error.ts';
import { inDataFolder, makeFolder } from './folder.ts';

/** Keeps a second Gantry out of a data folder until it is disposed of. */
export type DataFolderLock = AsyncDisposable;

/**
 * Takes a data folder for this process by the file `gantry.lock`, which holds its process id and start time. The folder is
 * made when it is missing. The lock of a process that died is taken over.
 *
 * @throws {DataFolderError} when a live process, this one included, holds the folder, or it cannot be written.
 */
export function lockDataFolder(folder: string): Promise<DataFolderLock> {
  return inDataFolder(folder, async () => {
    await makeFolder(folder);
    const lock = await takeLock(folder);
    return { [Symbol.asyncDispose]: () => lock.release() };
  });
}

async function takeLock(folder: string) {
  try {
    return await lockFolder(folder, 'runs Gantry on');
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw new DataFolderError(error.message, { cause: error });
    throw error;
  }
}
