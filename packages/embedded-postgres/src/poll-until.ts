import { setTimeout as delay } from 'node:timers/promises';

// Postgres starts in about 40 ms, so a coarser step would be most of the start time.
const POLL_INTERVAL_MS = 20;

/** Bounds a wait. */
export interface PollOptions {
  /** Milliseconds after which the wait gives up. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until the condition holds and answers true, or answers false after `timeoutMs`.
 *
 * @throws the signal's reason when it aborts.
 */
export async function pollUntil(condition: () => Promise<boolean>, options: PollOptions): Promise<boolean> {
  const deadlineMs = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() >= deadlineMs) return false;
    await delay(POLL_INTERVAL_MS);
  }
}
