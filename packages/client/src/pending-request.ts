import type { SessionError } from './errors.ts';
import type { RequestOptions } from './session.ts';

/** What becomes of a request. */
export interface Outcome {
  /** Takes the JSON text of the result. */
  readonly resolve: (resultText: string) => void;
  readonly reject: (reason: unknown) => void;
  /** Says why there is no answer yet, when the caller will wait no longer. */
  readonly timedOut: (request: PendingRequest, timeoutMs: number) => SessionError;
  /** Is told when the caller has given up; the outcome is settled already. */
  readonly onGivenUp: (request: PendingRequest) => void;
}

/** A request that has no outcome yet. It settles once, whatever happens to it afterwards. */
export class PendingRequest {
  readonly method: string;
  readonly paramsText: string;
  readonly isIdempotent: boolean;
  /** Whether it was sent on the stream that it is on. */
  isSent = false;
  /** Its id on the stream that it is on; 0 while it is on none. */
  id = 0;
  /** Neighbours in the queue; see RequestQueue. */
  before: PendingRequest | undefined;
  after: PendingRequest | undefined;
  /** On how many streams it may have been begun before they ended. */
  #lostCount = 0;
  readonly #outcome: Outcome;
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSettled = false;

  constructor(method: string, paramsText: string, { outcome, options }: { outcome: Outcome; options: RequestOptions }) {
    const { signal, timeoutMs, idempotent = false } = options;
    this.method = method;
    this.paramsText = paramsText;
    this.isIdempotent = idempotent;
    this.#outcome = outcome;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.#giveUp(outcome.timedOut(this, timeoutMs)), timeoutMs);
    }
  }

  /** About how many bytes it holds. */
  get size(): number {
    return this.method.length + this.paramsText.length;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether it can have been executed. */
  get mayHaveRun(): boolean {
    return this.isSent || this.#lostCount > 0;
  }

  /** Whether it may be sent once more: it was not begun, or may run twice and was lost but once. */
  get isToBeRepeated(): boolean {
    return this.#lostCount === 0 || (this.isIdempotent && this.#lostCount === 1);
  }

  /** Leaves a stream that has ended. `mayHaveRun`: what was sent on it may have been begun. */
  leave(mayHaveRun: boolean): void {
    if (this.isSent && mayHaveRun) this.#lostCount += 1;
    this.isSent = false;
  }

  /** Rejects because of the session; the error says whether this request can have been executed. */
  fail(error: SessionError): void {
    this.reject(error.about(this.mayHaveRun));
  }

  resolve(resultText: string): void {
    if (this.#settle()) this.#outcome.resolve(resultText);
  }

  reject(reason: unknown): void {
    if (this.#settle()) this.#outcome.reject(reason);
  }

  readonly #abort = (): void => this.#giveUp(this.#signal?.reason);

  #giveUp(reason: unknown): void {
    if (!this.#settle()) return;
    this.#outcome.reject(reason);
    this.#outcome.onGivenUp(this);
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
    return true;
  }
}
