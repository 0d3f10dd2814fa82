import type { AppError } from '@gantry/errors';

import { auditUnavailable } from '../errors.ts';

/** Resolves with undefined when an event is durable, else with what to answer instead. Never rejects; shared by a batch. */
export type Durability = Promise<AppError | undefined>;

/** Tells the answers that wait for one batch what became of it, once, after a given time at the latest. */
export class BatchDurability {
  readonly promise: Durability;
  readonly #resolve: (error?: AppError) => void;
  readonly #timer: NodeJS.Timeout;
  #isOverdue = false;

  constructor(withinMs: number, onOverdue: () => void) {
    const { promise, resolve } = Promise.withResolvers<AppError | undefined>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => {
      this.#isOverdue = true;
      onOverdue();
      resolve(auditUnavailable({ mayHaveRun: true }));
    }, withinMs);
    this.#timer.unref();
  }

  /** Whether the answers had to be told that it takes too long. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** The batch is durable, or never will be. */
  settle(isDurable: boolean): void {
    clearTimeout(this.#timer);
    this.#resolve(isDurable ? undefined : auditUnavailable({ mayHaveRun: true }));
  }
}
