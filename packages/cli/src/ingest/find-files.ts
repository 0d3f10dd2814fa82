import { opendir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';

import { CliError } from '../cli-error.ts';

/** A file to ingest. */
export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** The source its documents belong to. */
  readonly source: string;
}

/** What was found below some paths. */
export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** How many files below folders have an ending that is not read. */
  readonly passedOverCount: number;
}

/** What is read from folders; a file that is named is read whatever its ending. */
const ENDINGS = new Set(['.md', '.markdown', '.txt', '.text', '.rst', '.jsonl', '.ndjson']);

/** More would be a mistake, such as a home folder; and every path is held in memory. */
const FILES_MAX = 100_000;

/**
 * Finds the files below the given paths, in order. What is hidden, node_modules and links are left out; a link that is
 * named is followed. Files of other endings are counted.
 *
 * @throws {CliError} for a path that cannot be read or is neither file nor folder, and above `filesMax` files.
 */
export async function findFiles(
  paths: readonly string[],
  source: string | undefined,
  filesMax = FILES_MAX,
): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  let passedOverCount = 0;
  for (const path of paths) {
    for await (const file of findBelow(path, source)) {
      if (file === 'passed over') passedOverCount += 1;
      else files.push(file);
      if (files.length > filesMax) {
        throw new CliError(`there are more than ${filesMax} files below ${path}`, { hint: 'name smaller folders' });
      }
    }
  }
  return { files, passedOverCount };
}

async function* findBelow(path: string, source: string | undefined): AsyncGenerator<FoundFile | 'passed over'> {
  const info = await orExplain(path, stat(path));
  if (info.isDirectory()) yield* walk(path, source ?? basename(resolve(path)));
  else if (info.isFile()) {
    yield { path, bytes: info.size, modifiedAt: info.mtime, source: source ?? sourceOfFile(path) };
  } else throw new CliError(`${path} is neither a file nor a folder`, { hint: 'name files and folders' });
}

async function* walk(folder: string, source: string): AsyncGenerator<FoundFile | 'passed over'> {
  const entries = await orExplain(folder, Array.fromAsync(await orExplain(folder, opendir(folder))));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path, source);
    if (!entry.isFile()) continue;
    const isRead = ENDINGS.has(extname(entry.name).toLowerCase());
    yield isRead ? await describeFile(path, source) : 'passed over';
  }
}

async function describeFile(path: string, source: string): Promise<FoundFile> {
  const info = await orExplain(path, stat(path));
  return { path, bytes: info.size, modifiedAt: info.mtime, source };
}

async function orExplain<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new CliError(`${path} cannot be read`, { hint: 'does it exist, and may you read it?', cause });
  }
}

/** A file of records is a source of its own; single files share one. */
function sourceOfFile(path: string): string {
  const ending = extname(path).toLowerCase();
  return ending === '.jsonl' || ending === '.ndjson' ? basename(path, extname(path)) : 'files';
}
