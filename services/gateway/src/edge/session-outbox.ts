import type { AppError } from '@gantry/errors';

import { encodeFrame, type EncodableMessage, FRAME_BYTES_TARGET } from './session-frame.ts';

type Step = IteratorResult<Buffer, undefined>;

/** What an outbox tells of. */
export interface OutboxEvents {
  /** Bytes were taken out. */
  readonly onTaken: (bytes: number) => void;
  /** Nobody will take anything any more: all was taken, or the client is gone. Called once. */
  readonly onClosed: () => void;
}

/**
 * What a session has to send, as the frames that its stream takes one by one. What is put in during one turn of the event loop
 * goes into one frame, as far as it fits: after all sockets that were ready have been read, and before the loop waits
 * again, so that a single answer waits for nothing.
 */
export class SessionOutbox implements AsyncIterableIterator<Buffer> {
  readonly #events: OutboxEvents;
  #messages: EncodableMessage[] = [];
  #bytes = 0;
  #isScheduled = false;
  /** Whether a turn has ended since what is there was put in. */
  #isReady = false;
  #isGreeting = false;
  #taker: PromiseWithResolvers<Step> | undefined;
  #ending: { readonly error: AppError | undefined } | undefined;
  #isClosed = false;

  constructor(events: OutboxEvents) {
    this.#events = events;
  }

  /** Bytes that were put in and not taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Puts in an empty frame, which is sent by itself: it says that the session is open. */
  greet(): void {
    this.#isGreeting = true;
    this.#isReady = true;
    this.#settle();
  }

  /** Puts in a message and returns how many bytes it has. After the end nothing is taken. */
  put(text: string): number {
    if (this.#ending !== undefined) return 0;
    const bytes = Buffer.byteLength(text);
    this.#messages.push({ text, bytes });
    this.#bytes += bytes;
    this.#schedule();
    return bytes;
  }

  /** Ends the stream after what was put in: OK, or with an error. Only the first time counts. */
  end(error?: AppError): void {
    if (this.#ending !== undefined) return;
    this.#ending = { error };
    this.#isReady = true;
    this.#settle();
  }

  /** Throws away what was not taken. */
  clear(): void {
    const bytes = this.#bytes;
    this.#messages = [];
    this.#bytes = 0;
    this.#events.onTaken(bytes);
  }

  next(): Promise<Step> {
    this.#taker = Promise.withResolvers();
    const { promise } = this.#taker;
    this.#settle();
    return promise;
  }

  /** Is called when the client is gone. */
  async return(): Promise<Step> {
    this.#ending ??= { error: undefined };
    this.clear();
    this.#taker?.resolve(DONE);
    this.#taker = undefined;
    this.#close();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    this.#isReady = true;
    this.#settle();
  };

  /** Gives whoever waits what there is. */
  #settle(): void {
    const taker = this.#taker;
    if (taker === undefined || !this.#isReady) return;
    if (this.#isGreeting || this.#messages.length > 0) {
      this.#taker = undefined;
      taker.resolve({ done: false, value: this.#takeFrame() });
      return;
    }
    this.#isReady = false;
    if (this.#ending === undefined) return;
    this.#taker = undefined;
    const { error } = this.#ending;
    if (error === undefined) taker.resolve(DONE);
    else taker.reject(error);
    this.#close();
  }

  #takeFrame(): Buffer {
    if (this.#isGreeting) {
      this.#isGreeting = false;
      return encodeFrame([]);
    }
    const messages = this.#messages;
    let count = 0;
    let bytes = 0;
    for (const message of messages) {
      if (count > 0 && bytes + message.bytes > FRAME_BYTES_TARGET) break;
      count += 1;
      bytes += message.bytes;
    }
    this.#messages = count === messages.length ? [] : messages.splice(count);
    this.#bytes -= bytes;
    this.#events.onTaken(bytes);
    return encodeFrame(messages);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.onClosed();
  }
}

const DONE: Step = { done: true, value: undefined };
