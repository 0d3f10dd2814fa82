import { timedOut } from './errors.ts';
import type { RequestOptions } from './session.ts';

/** What becomes of a request. */
export interface Outcome {
  /** Takes the JSON text of the result. */
  readonly resolve: (resultText: string) => void;
  readonly reject: (reason: unknown) => void;
  /** Is told when the caller has given up; the outcome is settled already. */
  readonly onGivenUp: (request: PendingRequest) => void;
}

/** A request that has no outcome yet. It settles once, whatever happens to it afterwards. */
export class PendingRequest {
  readonly method: string;
  readonly paramsText: string;
  readonly isIdempotent: boolean;
  /** How often it was sent. */
  sentCount = 0;
  /** Its id on the stream that it is on; 0 while it is on none. */
  id = 0;
  /** Neighbours in the queue; see RequestQueue. */
  before: PendingRequest | undefined;
  after: PendingRequest | undefined;
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
      this.#timer = setTimeout(() => this.#giveUp(timedOut(timeoutMs, this.sentCount > 0)), timeoutMs);
    }
  }

  /** About how many bytes it holds. */
  get size(): number {
    return this.method.length + this.paramsText.length;
  }

  get isSettled(): boolean {
    return this.#isSettled;
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
