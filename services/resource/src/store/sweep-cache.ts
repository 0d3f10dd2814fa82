import { setTimeout as delay } from 'node:timers/promises';

import type { PgCacheStore } from '@gantry/cache';
import type { Logger } from '@gantry/telemetry';

/** What sweeping needs. */
export interface SweepCacheOptions {
  readonly store: Pick<PgCacheStore, 'deleteExpired'>;
  readonly logger: Logger;
  /** Time between two sweeps, in milliseconds. */
  readonly intervalMs: number;
}

/** Rows of one sweep: a statement that is done in milliseconds. A full one is followed by another at once. */
export const SWEEP_ROWS_MAX = 500;

/** Deletes expired copies now and then until it is disposed. Replicas that sweep at once leave each other's rows alone. */
export function sweepCache({ store, logger, intervalMs }: SweepCacheOptions): Disposable {
  const ending = new AbortController();
  void run();
  return { [Symbol.dispose]: () => ending.abort() };

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const isMore = await sweepOnce();
      // Without a reference: a sweep that is due keeps no process alive. It rejects only when aborted, which ends the loop.
      if (!isMore) await delay(intervalMs, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
    }
  }

  async function sweepOnce(): Promise<boolean> {
    try {
      return (await store.deleteExpired(SWEEP_ROWS_MAX)) === SWEEP_ROWS_MAX;
    } catch (error) {
      logger.warn({ err: error }, 'expired cache entries could not be deleted');
      return false;
    }
  }
}
