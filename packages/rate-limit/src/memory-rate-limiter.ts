import { type Clock, systemClock } from '@gantry/telemetry';
import { LRUCache } from 'lru-cache';

import { takeCells } from './gcra.ts';
import {
  assertCount,
  grantAll,
  type RateDecision,
  type RateLimit,
  type RateLimiter,
  toCellRate,
} from './rate-limiter.ts';

/** About 15 MB when full; more distinct callers per minute than one process serves. */
const KEYS_MAX = 100_000;

/** Options of the in-process limiter. */
export interface MemoryRateLimiterOptions {
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** How many keys are remembered; the least recently used is forgotten and starts anew. Default 100,000. */
  readonly keysMax?: number;
}

/** A limiter that always decides at once. */
export interface MemoryRateLimiter extends RateLimiter {
  take(key: string, limit: RateLimit, count?: number): RateDecision;
}

/** Creates a limiter that counts in this process only: for one process, for tests, and for when Redis is lost. */
export function createMemoryRateLimiter({
  clock = systemClock,
  keysMax = KEYS_MAX,
}: MemoryRateLimiterOptions = {}): MemoryRateLimiter {
  const arrivalUsByKey = new LRUCache<string, number>({ max: keysMax });
  return {
    take(key, limit, count = 1) {
      assertCount(count);
      const rate = toCellRate(key, limit);
      if (rate === undefined) {
        return grantAll(count);
      }
      const nowUs = Math.floor(clock.now() * 1_000);
      const taken = takeCells({ ...rate, nowUs, arrivalUs: arrivalUsByKey.get(key), demand: count, ahead: 0 });
      arrivalUsByKey.set(key, taken.arrivalUs);
      const { granted, waitUs } = taken;
      return granted === count ? grantAll(count) : { allowed: false, granted, retryAfterMs: Math.ceil(waitUs / 1_000) };
    },
  };
}
