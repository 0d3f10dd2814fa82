import { type Clock, systemClock } from '@gantry/telemetry';
import { LRUCache } from 'lru-cache';

import { takeCell } from './gcra.ts';
import { type RateLimiter, toCellRate, unlimited } from './rate-limiter.ts';

/** About 15 MB when full; more distinct callers per minute than one process serves. */
const KEYS_MAX = 100_000;

/** Options of the in-process limiter. */
export interface MemoryRateLimiterOptions {
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** How many keys are remembered; the least recently used is forgotten and starts anew. Default 100,000. */
  readonly keysMax?: number;
}

/** Creates a limiter that counts in this process only: for one process, for tests, and for when Redis is lost. */
export function createMemoryRateLimiter({
  clock = systemClock,
  keysMax = KEYS_MAX,
}: MemoryRateLimiterOptions = {}): RateLimiter {
  const arrivalUsByKey = new LRUCache<string, number>({ max: keysMax });
  return {
    async take(key, limit) {
      const rate = toCellRate(key, limit);
      if (rate === undefined) {
        return unlimited;
      }
      const nowUs = Math.floor(clock.now() * 1_000);
      const { arrivalUs, ...decision } = takeCell({ ...rate, nowUs, arrivalUs: arrivalUsByKey.get(key) });
      arrivalUsByKey.set(key, arrivalUs);
      return decision;
    },
  };
}
