/** Tells the time. Everything that depends on time takes one, so that tests own it. */
export interface Clock {
  /** Returns the current time in epoch milliseconds. */
  now(): number;
}

const startedAtMs = performance.timeOrigin;

/** Reads the wall clock of this machine. */
export const systemClock: Clock = Object.freeze({ now: () => Date.now() });

/**
 * Reads a clock that never steps, whatever is done to the wall clock: epoch milliseconds as of the start of the process,
 * with fractions. For durations; what it tells may drift away from the wall clock.
 */
export const monotonicClock: Clock = Object.freeze({ now: () => startedAtMs + performance.now() });
