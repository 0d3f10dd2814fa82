/** The longest wait before the first attempt to connect again; it doubles with each further one. */
const BASE_MS = 50;

/** The longest wait before any: a gateway that is back is found within it. */
const MAX_MS = 2_000;

/** Six doublings are beyond the longest wait. */
const DOUBLINGS_MAX = 6;

/** Returns how long to wait before the given attempt, which counts from 1: anything up to a bound that doubles. */
export function backoffMs(attempt: number): number {
  return Math.floor(Math.random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX)));
}
