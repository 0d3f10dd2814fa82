/**
 * One load that several callers wait for.
 *
 * Each caller may leave by its own signal; when the last has left the load is aborted.
 */
export class Flight<R> {
  readonly #abort = new AbortController();
  readonly #onAbandoned: () => void;
  readonly #result: Promise<R>;
  #callersTotal = 0;

  constructor(load: (signal: AbortSignal) => Promise<R>, onAbandoned: () => void) {
    this.#onAbandoned = onAbandoned;
    this.#result = load(this.#abort.signal);
    // Whoever waits hears of a failure; an abandoned load may fail unheard.
    this.#result.catch(() => undefined);
  }

  /** Waits for the load or for the caller's own abort, whichever comes first. */
  async join(signal: AbortSignal | undefined): Promise<R> {
    this.#callersTotal += 1;
    if (signal === undefined) {
      return await this.#result;
    }
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const leave = () => {
      reject(signal.reason);
      this.#leave(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([this.#result, aborted]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #leave(reason: unknown): void {
    this.#callersTotal -= 1;
    if (this.#callersTotal === 0) {
      this.#onAbandoned();
      this.#abort.abort(reason);
    }
  }
}
