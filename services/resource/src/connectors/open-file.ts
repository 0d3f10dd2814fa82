import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';

/** A file that is open, regular, and surely the one that was located. */
export interface OpenedFile extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

/**
 * O_NOFOLLOW refuses a link that took the file's place, O_NONBLOCK keeps a FIFO that did from waiting for a writer, and
 * O_NOCTTY a terminal from becoming ours.
 */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens a regular file at a path without links; undefined when there is none, or when anything about the path changed on the
 * way. Not even opened: devices (opening may act), FIFOs, sockets and folders.
 *
 * A folder of the path may be swapped for a link between locating and opening. So what was opened is compared with what the
 * path names afterwards, links resolved again: both must be the same file of the same device.
 */
export async function openFile(realPath: string): Promise<OpenedFile | undefined> {
  if ((await statFile(realPath)) === undefined) return undefined;
  const handle = await openQuietly(realPath);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isFile() && (await isStillAt(realPath, stats))) {
      return { handle, stats, [Symbol.asyncDispose]: () => handle.close() };
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

/** Returns the stats of a regular file; undefined when there is none at this very path. */
export async function statFile(realPath: string): Promise<BigIntStats | undefined> {
  const stats = await lstat(realPath, { bigint: true }).catch(() => undefined);
  return stats?.isFile() === true ? stats : undefined;
}

async function isStillAt(realPath: string, opened: BigIntStats): Promise<boolean> {
  const resolved = await realpath(realPath).catch(() => undefined);
  const present = await statFile(realPath);
  return resolved === realPath && present?.dev === opened.dev && present.ino === opened.ino;
}

/** Whatever keeps us from opening it, the caller sees nothing there. */
async function openQuietly(path: string): Promise<FileHandle | undefined> {
  return open(path, OPEN_FLAGS).catch(() => undefined);
}
