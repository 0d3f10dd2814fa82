import type { SessionStore } from './ports.ts';

/** How many sessions one statement deletes: short enough that nobody waits for it. */
export const PURGE_BATCH_MAX = 500;

/** How many batches one run deletes; what is left then waits for the next run. */
export const PURGE_BATCHES_MAX = 20;

/** Deletes sessions that have been idle for too long, in batches, and returns how many. */
export async function purgeSessions(
  store: Pick<SessionStore, 'purge'>,
  nowMs: number,
  signal: AbortSignal,
): Promise<number> {
  let purged = 0;
  for (let batch = 0; batch < PURGE_BATCHES_MAX && !signal.aborted; batch += 1) {
    const count = await store.purge(nowMs, PURGE_BATCH_MAX);
    purged += count;
    if (count < PURGE_BATCH_MAX) break;
  }
  return purged;
}
