import type { IncomingMessage, ServerResponse } from 'node:http';

/** How much of a body that nobody wants is thrown away, and for how long, before the connection is cut. */
export const DISCARDED_BYTES_MAX = 32 * 1024 * 1024;
export const LINGER_MS = 2_000;

/**
 * Ends a response whose request is still being sent. A client that is cut off while it sends does not see the answer, so
 * the rest is thrown away for a while. The connection is closed after it.
 */
export function endWhenSent(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES_MAX) end();
  });
  request.once('end', end);
  request.once('error', end);
  response.once('close', () => clearTimeout(timer));
  request.resume();
}
