/** Says how far apart the attempts of one call may be. */
export interface BackoffOptions {
  /** The longest wait before the first retry, in milliseconds; it doubles with each further one. */
  readonly baseMs: number;
  /** The longest wait before any retry, in milliseconds. */
  readonly maxMs: number;
  /** Returns a number from 0 up to but not including 1, as `Math.random` does. */
  readonly random: () => number;
}

/** Thirty doublings of a millisecond are twelve days; more would only reach infinity. */
const DOUBLINGS_MAX = 30;

/**
 * Returns how long to wait after the given attempt, in milliseconds: exponential backoff with full jitter.
 *
 * Attempts count from 1. The wait is anywhere between 0 and `baseMs * 2 ** (attempt - 1)`, capped at `maxMs`: with the
 * whole range random, callers that failed together do not come back together.
 */
export function backoffMs(attempt: number, { baseMs, maxMs, random }: BackoffOptions): number {
  return Math.floor(random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX)));
}
