import type { Readable } from 'node:stream';

/** grpc-js makes its streams with room for sixteen messages, of any size, and lets nobody choose. */
const MESSAGES_READ_AHEAD = 1;

/**
 * Returns the messages a client streams, read only as fast as they are taken. A client that is done does not end the call:
 * iterating over the stream itself would destroy it, and with it all that is still to be answered.
 */
export function requestsOf(stream: Readable): AsyncIterable<Buffer> {
  const state: unknown = Reflect.get(stream, '_readableState');
  // Without it the stream reads further ahead, and works.
  if (typeof state === 'object' && state !== null) Reflect.set(state, 'highWaterMark', MESSAGES_READ_AHEAD);
  return stream.iterator({ destroyOnReturn: false });
}
