/** Tells the time. Everything that depends on time takes one, so that tests own it. */
export interface Clock {
  /** Returns the current time in epoch milliseconds. */
  now(): number;
}

/** Reads the wall clock of this machine. */
export const systemClock: Clock = Object.freeze({ now: () => Date.now() });
