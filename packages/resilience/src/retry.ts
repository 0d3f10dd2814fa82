import { setTimeout as sleepFor } from 'node:timers/promises';

import { isAppError, toAppError } from '@gantry/errors';
import { type Clock, systemClock } from '@gantry/telemetry';

import { backoffMs } from './backoff.ts';
import type { RetryBudget } from './retry-budget.ts';

/** Says when a failed operation is tried again. */
export interface RetryOptions {
  /** Retries after the first attempt; 0 tries once. */
  readonly retriesMax: number;
  /** Tells whether another attempt is harmless and may help: the operation is idempotent and the error passing. */
  readonly isRetryable: (error: unknown) => boolean;
  /** The budget of the upstream; every call is recorded in it and every retry taken from it. */
  readonly budget: RetryBudget;
  /** The longest wait before the first retry, in milliseconds; doubles with each further one, with full jitter. */
  readonly baseMs: number;
  /** The longest wait the backoff asks for, in milliseconds. What the error asks for with `retryAfterMs` comes on top. */
  readonly maxMs: number;
  /** When the caller gives up, in epoch milliseconds: a retry that could only start later is not waited for. */
  readonly deadlineMs?: number | undefined;
  /** Ends the waiting between attempts; the operation takes the same signal for its own. */
  readonly signal?: AbortSignal | undefined;
  /** Default `Math.random`. */
  readonly random?: () => number;
  /** Waits; rejects when the signal aborts. Default: a timer. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly clock?: Clock;
}

/**
 * Runs an operation until it succeeds, may not be retried, or the retries, the budget or the time are used up.
 *
 * Attempts count from 1. The error of the last attempt rises unchanged.
 *
 * @throws {AppError} CANCELLED or DEADLINE_EXCEEDED, by the signal's reason, when it aborts before or between attempts.
 */
export async function retry<T>(operation: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  throwIfAborted(options.signal);
  options.budget.recordCall();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation(attempt);
    } catch (error) {
      const waitMs = retryDelayMs(error, attempt, options);
      if (waitMs === undefined) throw error;
      await pause(waitMs, options);
    }
  }
}

/** Returns the wait before the next attempt, or `undefined` when there is to be none; takes from the budget last. */
function retryDelayMs(error: unknown, attempt: number, options: RetryOptions): number | undefined {
  const {
    retriesMax,
    isRetryable,
    budget,
    baseMs,
    maxMs,
    deadlineMs,
    signal,
    random = Math.random,
    clock = systemClock,
  } = options;
  if (attempt > retriesMax || signal?.aborted || !isRetryable(error)) return undefined;
  const retryAfterMs = isAppError(error) ? (error.retryAfterMs ?? 0) : 0;
  // Jitter also on top of the server's own figure: it tells everybody the same one.
  const waitMs = retryAfterMs + backoffMs(attempt, { baseMs, maxMs, random });
  if (deadlineMs !== undefined && clock.now() + waitMs >= deadlineMs) return undefined;
  return budget.tryRetry() ? waitMs : undefined;
}

async function pause(waitMs: number, { signal, sleep = timer }: RetryOptions): Promise<void> {
  try {
    await sleep(waitMs, signal);
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  }
  throwIfAborted(signal);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw toAppError(signal.reason);
}

async function timer(ms: number, signal?: AbortSignal): Promise<void> {
  await sleepFor(ms, undefined, signal === undefined ? {} : { signal });
}
