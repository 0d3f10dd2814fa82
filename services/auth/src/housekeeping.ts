import type { Clock, PolicyEventStore, SigningKeyStore } from './domain/ports.ts';

/** A replica follows events within seconds; what is an hour old serves nobody. */
const EVENTS_KEPT_MS = 60 * 60_000;

/** What one run deletes at most, so that no run holds locks for long. More goes with the next run. */
const ROWS_PER_RUN_MAX = 10_000;

interface Deps {
  readonly events: PolicyEventStore;
  readonly keys: SigningKeyStore;
  readonly clock: Clock;
}

/** Deletes what nobody needs any more: old policy events and expired public keys. Every replica may do so at any time. */
export async function keepHouse({ events, keys, clock }: Deps): Promise<void> {
  const nowMs = clock.now();
  await events.purge(nowMs - EVENTS_KEPT_MS, ROWS_PER_RUN_MAX);
  await keys.purge(nowMs, ROWS_PER_RUN_MAX);
}
