import type { FileHandle } from 'node:fs/promises';

import { resourceTooLarge } from '../errors.ts';

/** Big enough that a usual document is one read, small enough that a cancelled read stops soon. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Reads a file to its end, whatever its size said: it may grow while it is read, and special files claim to be empty.
 *
 * @throws {AppError} RESOURCE_TOO_LARGE.
 */
export async function readHandle(
  handle: FileHandle,
  { bytesMax }: { readonly bytesMax: number },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (true) {
    signal.throwIfAborted();
    const buffer = new Uint8Array(CHUNK_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, length);
    if (bytesRead === 0) return new Uint8Array(Buffer.concat(chunks, length));
    length += bytesRead;
    if (length > bytesMax) throw resourceTooLarge(bytesMax);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}
