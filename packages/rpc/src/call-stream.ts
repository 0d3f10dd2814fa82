import type { AppError } from '@gantry/errors';

import type { CallChannel, CalledMethod } from './call-channel.ts';
import type { CallOptions } from './call-options.ts';
import { encodeMessage } from './encode-message.ts';
import { type Replies } from './method.ts';
import { abortError, beginCall, judge, type OutgoingCall } from './outgoing-call.ts';
import type { ReplyListener, SentCall } from './transport.ts';

/**
 * Returns the function that calls a method that streams its answer. The breaker guards the time to the first message; a
 * stream that breaks later is the consumer's to open again. Leaving the loop cancels the call.
 */
export function callStream(channel: CallChannel, called: CalledMethod) {
  return (request: unknown, options: CallOptions = {}): Replies<unknown> =>
    new ReplyStream(channel, called, { request, options });
}

interface StreamInput {
  readonly request: unknown;
  readonly options: CallOptions;
}

/** What `next` has promised and not given yet. */
type Wish = PromiseWithResolvers<IteratorResult<unknown>>;

/** Who takes all replies, instead of asking for each. */
interface Taker {
  readonly take: (message: unknown) => void;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

const DONE = { done: true, value: undefined } as const;

/** The replies of one call, begun when the first one is asked for. */
class ReplyStream implements AsyncIterableIterator<unknown>, Replies<unknown>, ReplyListener {
  readonly #channel: CallChannel;
  readonly #called: CalledMethod;
  readonly #input: StreamInput;
  /** Replies nobody has asked for yet; bounded by the window of the call. */
  readonly #replies: Buffer[] = [];
  readonly #wishes: Wish[] = [];
  #taker: Taker | undefined;
  /** Tells the breaker of the first reply, or of the end before it. */
  #judged: ((error?: unknown) => void) | undefined;
  #outgoing: OutgoingCall | undefined;
  #sent: SentCall | undefined;
  #isBegun = false;
  #isOver = false;
  #failure: unknown;

  constructor(channel: CallChannel, called: CalledMethod, input: StreamInput) {
    this.#channel = channel;
    this.#called = called;
    this.#input = input;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  each(take: (message: unknown) => void): Promise<void> {
    return new Promise((done, fail) => {
      this.#taker = { take, done, fail };
      if (!this.#isBegun) this.#begin();
    });
  }

  next(): Promise<IteratorResult<unknown>> {
    const reply = this.#replies.shift();
    if (reply !== undefined) return this.#give(reply);
    if (this.#isOver) return this.#giveEnd();
    const wish = Promise.withResolvers<IteratorResult<unknown>>();
    this.#wishes.push(wish);
    if (!this.#isBegun) this.#begin();
    return wish.promise;
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#replies.length = 0;
    this.#isBegun = true;
    if (!this.#isOver) {
      this.#sent?.cancel();
      this.#finish(undefined);
    }
    this.#failure = undefined;
    return Promise.resolve(DONE);
  }

  reply(payload: Buffer): void {
    if (this.#isOver) return;
    this.#judge(undefined);
    if (this.#taker !== undefined) return this.#take(payload, this.#taker);
    const wish = this.#wishes.shift();
    if (wish === undefined) this.#replies.push(payload);
    else this.#give(payload).then(wish.resolve, wish.reject);
  }

  ended(error: AppError | undefined): void {
    if (this.#isOver) return;
    this.#finish(error === undefined || this.#outgoing === undefined ? error : judge(error, this.#outgoing));
  }

  #begin(): void {
    this.#isBegun = true;
    const { options } = this.#input;
    if (options.signal?.aborted === true) return this.#finish(abortError(options.signal));
    try {
      const begun = beginCall(this.#channel, this.#called, options);
      if (begun instanceof Promise) {
        begun.then(
          (outgoing) => this.#open(outgoing),
          (error: unknown) => this.#finish(error),
        );
      } else this.#open(begun);
    } catch (error) {
      this.#finish(error);
    }
  }

  #open(outgoing: OutgoingCall): void {
    if (this.#isOver) return outgoing.ended();
    const { breaker, retryBudget, transport } = this.#channel;
    this.#outgoing = outgoing;
    const { signal } = this.#input.options;
    // Whoever called may have gone while a token was made.
    if (signal?.aborted === true) return this.#finish(abortError(signal));
    retryBudget.recordCall();
    try {
      this.#judged = breaker.begin();
      const payload = encodeMessage(this.#called.method.requestType, this.#input.request);
      signal?.addEventListener('abort', this.#abort, { once: true });
      this.#sent = transport.send({ called: this.#called, outgoing, payload }, this);
    } catch (error) {
      // The breaker refuses, or the request is no message of the method.
      this.#finish(error);
    }
  }

  #judge(error: unknown): void {
    const judged = this.#judged;
    this.#judged = undefined;
    judged?.(error);
  }

  readonly #abort = (): void => {
    const { signal } = this.#input.options;
    this.#sent?.cancel();
    if (signal !== undefined) this.#finish(abortError(signal));
  };

  #take(payload: Buffer, { take }: Taker): void {
    this.#sent?.consumed(payload.length);
    try {
      take(this.#called.method.responseType.decode(payload));
    } catch (error) {
      this.#sent?.cancel();
      this.#finish(error);
    }
  }

  #give(payload: Buffer): Promise<IteratorResult<unknown>> {
    this.#sent?.consumed(payload.length);
    try {
      return Promise.resolve({ done: false, value: this.#called.method.responseType.decode(payload) });
    } catch (error) {
      this.#sent?.cancel();
      this.#finish(error);
      return this.#giveEnd();
    }
  }

  /** Ends like a generator: an error is told once. */
  #giveEnd(): Promise<IteratorResult<unknown>> {
    const failure = this.#failure;
    this.#failure = undefined;
    // Whatever it is, it is what the call failed with.
    return failure === undefined ? Promise.resolve(DONE) : Promise.reject(failure as Error);
  }

  #finish(failure: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#input.options.signal?.removeEventListener('abort', this.#abort);
    this.#judge(failure);
    this.#outgoing?.ended(failure);
    if (failure === undefined) this.#taker?.done();
    else this.#taker?.fail(failure);
    for (let wish = this.#wishes.shift(); wish !== undefined; wish = this.#wishes.shift()) {
      this.#giveEnd().then(wish.resolve, wish.reject);
    }
  }
}
