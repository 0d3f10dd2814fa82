import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** The most entries, files and folders together, a walk looks at: beyond it a listing is cut, and says so in the log. */
export const WALK_ENTRIES_MAX = 10_000;

/** How deep a walk goes. Trees of documents are a few folders deep; deeper ones are build output. */
export const WALK_DEPTH_MAX = 16;

/** What a walk found. */
export interface Walk {
  /** The paths of what may be files: regular files, and links, which are followed only when they are read. */
  readonly paths: readonly string[];
  /** Whether entries were left out. */
  readonly isCut: boolean;
}

/** Walks a folder, breadth first, bounded in entries and in depth. Folders that cannot be read are left out. */
export async function walkFolder(
  folder: string,
  { entriesMax, depthMax }: { readonly entriesMax: number; readonly depthMax: number },
  signal: AbortSignal,
): Promise<Walk> {
  const paths: string[] = [];
  let level = [folder];
  let entriesLeft = entriesMax;
  let isCut = false;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= depthMax) return { paths, isCut: true };
    const below: string[] = [];
    for (const path of level) {
      signal.throwIfAborted();
      const entries = await entriesOf(path, entriesLeft);
      entriesLeft -= entries.length;
      paths.push(...entries.filter(mayBeFile).map((entry) => join(path, entry.name)));
      below.push(...entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name)));
      isCut ||= entriesLeft === 0;
    }
    level = entriesLeft > 0 ? below : [];
  }
  return { paths, isCut };
}

/** A name that is not UTF-8 arrives with replacement characters; no URI can name it. */
function mayBeFile(entry: Dirent): boolean {
  return (entry.isFile() || entry.isSymbolicLink()) && !entry.name.includes('\uFFFD');
}

async function entriesOf(folder: string, entriesMax: number): Promise<readonly Dirent[]> {
  const entries: Dirent[] = [];
  if (entriesMax === 0) return entries;
  try {
    for await (const entry of await opendir(folder)) {
      entries.push(entry);
      // Leaving the loop closes the folder.
      if (entries.length >= entriesMax) break;
    }
  } catch {
    return entries;
  }
  return entries;
}
