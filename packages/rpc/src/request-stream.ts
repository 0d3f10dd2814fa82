import type { Readable } from 'node:stream';

import { cancelled } from '@gantry/errors';

/** grpc-js makes its streams with room for sixteen messages, of any size, and lets nobody choose. */
const MESSAGES_READ_AHEAD = 1;

type Step = IteratorResult<Buffer, undefined>;

/**
 * The messages a client streams, read only as fast as they are taken. Node's own iterator would destroy the stream when the
 * client is done or the call fails, and with it the answers and the status that are still to be sent.
 */
export class RequestStream implements AsyncIterableIterator<Buffer> {
  readonly #stream: Readable;
  #taker: PromiseWithResolvers<Step> | undefined;
  #isEnded = false;
  #isGone = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    const state: unknown = Reflect.get(stream, '_readableState');
    // Without it the stream reads further ahead, and works.
    if (typeof state === 'object' && state !== null) Reflect.set(state, 'highWaterMark', MESSAGES_READ_AHEAD);
    stream.on('readable', () => this.#settle());
    stream.once('end', () => {
      this.#isEnded = true;
      this.#settle();
    });
    stream.once('close', () => {
      this.#isGone = true;
      this.#settle();
    });
  }

  /** Rejects with CANCELLED when the client is gone. */
  next(): Promise<Step> {
    this.#taker = Promise.withResolvers();
    const { promise } = this.#taker;
    this.#settle();
    return promise;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(): void {
    const taker = this.#taker;
    if (taker === undefined) return;
    const chunk: Buffer | null = this.#isGone ? null : this.#stream.read();
    if (chunk === null && !this.#isEnded && !this.#isGone) return;
    this.#taker = undefined;
    if (chunk !== null) taker.resolve({ done: false, value: chunk });
    else if (this.#isEnded) taker.resolve({ done: true, value: undefined });
    else taker.reject(cancelled());
  }
}
