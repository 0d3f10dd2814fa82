import { setTimeout as sleepFor } from 'node:timers/promises';

import { MethodError } from '../json-rpc-client.ts';

/** Waits; rejects when the signal aborts. */
export type Sleep = (delayMs: number, signal: AbortSignal) => Promise<void>;

/** A restart of the cluster takes seconds; what takes longer is an outage, and the same command resumes. */
const ATTEMPTS_MAX = 5;
const RETRY_BASE_MS = 250;
/** Waits the gateway asks for are no failures, but a limit that never lets anything through is one. */
const ASKED_WAITS_MAX = 100;
const ASKED_WAIT_MS_MAX = 60_000;

/** Reasons in the gateway's `data.reason` that pass by themselves, besides those that come with a time to wait. */
const PASSING_REASONS = new Set([
  'SERVICE_UNAVAILABLE',
  'CIRCUIT_OPEN',
  'GATEWAY_OVERLOADED',
  'DATABASE_UNAVAILABLE',
  'DATABASE_CONFLICT',
  'SIGNING_KEYS_UNAVAILABLE',
  'POLICY_STALE',
  'POLICY_STREAM_DOWN',
  'SHUTTING_DOWN',
  'REPLICA_STOPPING',
]);

/** Reasons that pass when the cluster is busy, and stay when too much was asked for at once. */
const SLOW_REASONS = new Set(['DEADLINE_EXCEEDED', 'DEADLINE_TOO_CLOSE', 'DATABASE_TIMEOUT']);

/** Repeats an operation until it succeeds, fails for a reason that does not pass, or has been tried long enough. */
export async function patiently<T>(operation: () => Promise<T>, sleep: Sleep, signal: AbortSignal): Promise<T> {
  let attempts = 1;
  let askedWaits = 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await operation();
    } catch (error) {
      if (!isPassing(error)) throw error;
      const askedMs = retryAfterMs(error);
      if (askedMs === undefined ? attempts === ATTEMPTS_MAX : askedWaits === ASKED_WAITS_MAX) throw error;
      await sleep(askedMs ?? RETRY_BASE_MS * 2 ** attempts, signal);
      if (askedMs === undefined) attempts += 1;
      else askedWaits += 1;
    }
  }
}

/** Waits by the clock. */
export const systemSleep: Sleep = (delayMs, signal) => sleepFor(delayMs, undefined, { signal });

/** Tells whether a failure may go away: no answer at all, or one that says so. */
function isPassing(error: unknown): boolean {
  return isOutage(error) || (error instanceof MethodError && SLOW_REASONS.has(error.reason));
}

/** Tells whether a failure would befall every other request too. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof MethodError)) return true;
  return retryAfterMs(error) !== undefined || PASSING_REASONS.has(error.reason);
}

function retryAfterMs(error: unknown): number | undefined {
  const data = error instanceof MethodError ? error.data : undefined;
  const value = typeof data === 'object' && data !== null && 'retry_after_ms' in data ? data.retry_after_ms : undefined;
  return typeof value === 'number' && value >= 0 ? Math.min(value, ASKED_WAIT_MS_MAX) : undefined;
}
