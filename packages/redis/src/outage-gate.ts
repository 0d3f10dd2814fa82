import type { Clock } from '@gantry/telemetry';

/** Short enough that a healed dependency is used again at once, long enough that a dead one costs nothing. */
const RETRY_MS = 1_000;

/** The outcome of one attempt on a dependency whose failures are survivable. */
export type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/** Says what an {@link OutageGate} tells and how soon it tries again. */
export interface OutageGateOptions {
  readonly clock: Clock;
  /** Called once when an outage starts, with the error that showed it. */
  readonly onDown: (error: unknown) => void;
  /** Called once when an outage ends. */
  readonly onUp: () => void;
  /** How long a failed dependency is left alone between two attempts, in milliseconds. Default 1,000. */
  readonly retryMs?: number;
}

/** Remembers that a dependency is down, so that callers with a substitute do not each wait for its timeout. */
export interface OutageGate {
  /** True between the first failure and the next success. */
  readonly isDown: boolean;
  /**
   * Runs an operation and never rejects.
   *
   * While the dependency is down it answers at once with a failed attempt; once per `retryMs` it also runs the operation
   * in the background, and the first success ends the outage. No caller ever waits for such a probe.
   */
  run<T>(operation: () => Promise<T>): Promise<Attempt<T>>;
  /** Runs an operation even while the dependency is down, for what must be tried; never rejects. */
  insist<T>(operation: () => Promise<T>): Promise<Attempt<T>>;
}

/** Creates a gate for one dependency; it starts by trusting it. */
export function createOutageGate({ clock, onDown, onUp, retryMs = RETRY_MS }: OutageGateOptions): OutageGate {
  let failure: { readonly error: unknown } | undefined;
  let retryAt = 0;
  let isProbing = false;

  async function insist<T>(operation: () => Promise<T>): Promise<Attempt<T>> {
    try {
      const value = await operation();
      if (failure !== undefined) {
        failure = undefined;
        onUp();
      }
      return { ok: true, value };
    } catch (error) {
      const isNew = failure === undefined;
      failure = { error };
      retryAt = clock.now() + retryMs;
      if (isNew) {
        onDown(error);
      }
      return { ok: false, error };
    }
  }

  function probe(operation: () => Promise<unknown>): void {
    isProbing = true;
    void insist(operation).then(() => {
      isProbing = false;
    });
  }

  return {
    get isDown() {
      return failure !== undefined;
    },
    async run(operation) {
      if (failure === undefined) {
        return await insist(operation);
      }
      // A clock that was set back must not keep the gate shut for the difference.
      const waitMs = retryAt - clock.now();
      const { error } = failure;
      if (!isProbing && (waitMs <= 0 || waitMs > retryMs)) {
        probe(operation);
      }
      return { ok: false, error };
    },
    insist,
  };
}
