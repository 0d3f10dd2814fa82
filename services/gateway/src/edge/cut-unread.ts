import type { ServerResponse } from 'node:http';

/**
 * Cuts the connection of a client that takes nothing of its answer for so long: it would hold the answer for as long as it likes.
 * Most answers have left at once and need no timer. Node's own measures what the kernel takes, and is set anew for what comes after.
 */
export function cutUnread(response: ServerResponse, readerStuckMs: number): void {
  if (response.destroyed) return;
  if (response.socket !== null) return limit(response, readerStuckMs);
  // It waits for the answers before it on its connection: those may take their time, and then it is its turn.
  response.once('socket', () => setImmediate(() => limit(response, readerStuckMs)));
}

function limit({ socket, writableLength }: ServerResponse, readerStuckMs: number): void {
  if (writableLength > 0) socket?.setTimeout(readerStuckMs);
}
