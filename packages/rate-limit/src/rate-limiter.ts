/** How often something may happen. */
export interface RateLimit {
  /** A whole number from 0 to {@link PER_MINUTE_MAX}; 0 means no limit at all. */
  readonly perMinute: number;
  /** How many may come at one instant after a pause, 1 to {@link BURST_MAX}. Default: a whole minute's worth. */
  readonly burst?: number;
}

/** Whether requests may go on, and if not, when the next one may. */
export interface RateDecision {
  /** True when all that was asked for was granted. */
  readonly allowed: boolean;
  /** How many of the requests may go on: the first ones, as many as there were tokens. */
  readonly granted: number;
  /** 0 when allowed; else the time until the next one may be asked for, in milliseconds, rounded up. */
  readonly retryAfterMs: number;
}

/**
 * Allows a burst and then an even rate per key, by the generic cell rate algorithm (GCRA): one number per key, no windows
 * to game and no timers per key. A refused request costs nothing.
 */
export interface RateLimiter {
  /**
   * Takes tokens of a key, as many of `count` as there are. Default 1, at most {@link BURST_MAX}.
   *
   * Decides at once where it can, and returns a promise only when a server must be asked. The limit comes with each call,
   * so a changed limit holds from the next call on. Never rejects for want of a server.
   *
   * @throws {RangeError} At once, when the limit or count is out of range or the key is empty or over
   * {@link KEY_CHARS_MAX} characters.
   */
  take(key: string, limit: RateLimit, count?: number): RateDecision | Promise<RateDecision>;
}

/** One per microsecond, which is the resolution of the clock. */
export const PER_MINUTE_MAX = 60_000_000;
/** Keeps burst times interval far below 2^53 microseconds, where a double stops being exact. */
export const BURST_MAX = 1_000_000;
/** Room for a tenant, a principal and a tool; what is longer is not a name. */
export const KEY_CHARS_MAX = 512;

/** By far the most frequent decision, so it is made once. */
const oneGranted: RateDecision = Object.freeze({ allowed: true, granted: 1, retryAfterMs: 0 });

/** Returns the decision that grants all that was asked for. */
export function grantAll(count: number): RateDecision {
  return count === 1 ? oneGranted : { allowed: true, granted: count, retryAfterMs: 0 };
}

/** Checks how many tokens are asked for. @throws {RangeError} */
export function assertCount(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > BURST_MAX) {
    throw new RangeError(`a count of tokens is a whole number from 1 to ${BURST_MAX}, not ${count}`);
  }
}

/** Checks a key and limit and returns the limit in GCRA's terms, or undefined for no limit. */
export function toCellRate(key: string, { perMinute, burst }: RateLimit): CellRate | undefined {
  if (key === '' || key.length > KEY_CHARS_MAX) {
    throw new RangeError(`a rate limit key has 1 to ${KEY_CHARS_MAX} characters, not ${key.length}`);
  }
  if (!Number.isInteger(perMinute) || perMinute < 0 || perMinute > PER_MINUTE_MAX) {
    throw new RangeError(`perMinute is a whole number from 0 to ${PER_MINUTE_MAX}, not ${perMinute}`);
  }
  const cells = burst ?? Math.min(Math.max(perMinute, 1), BURST_MAX);
  if (!Number.isInteger(cells) || cells < 1 || cells > BURST_MAX) {
    throw new RangeError(`burst is a whole number from 1 to ${BURST_MAX}, not ${cells}`);
  }
  return perMinute === 0 ? undefined : { intervalUs: Math.round(60_000_000 / perMinute), burst: cells };
}

/** A limit in GCRA's terms. */
export interface CellRate {
  /** The emission interval: microseconds, a whole number, so that sums are exact. */
  readonly intervalUs: number;
  readonly burst: number;
}
