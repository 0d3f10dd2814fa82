import type { ServerResponse } from 'node:http';

/**
 * Cuts the connection of a client that takes nothing of its answer for so long: it would hold the answer for as long as it likes.
 * Most answers have left at once and need no timer. Node's own measures what the kernel takes, and is set anew for what comes after.
 */
export function cutUnread(response: ServerResponse, readerStuckMs: number): void {
  if (response.writableLength > 0) response.socket?.setTimeout(readerStuckMs);
}
