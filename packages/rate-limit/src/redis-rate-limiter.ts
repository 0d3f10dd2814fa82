import { createOutageGate, redisKey, type RedisClient } from '@gantry/redis';
import { type Clock, type Logger, type Registry, systemClock } from '@gantry/telemetry';

import { gcraScript } from './gcra-script.ts';
import { degradedGauge } from './rate-limit-metrics.ts';
import { type CellRate, type RateDecision, type RateLimiter, toCellRate, unlimited } from './rate-limiter.ts';

/** Options of the shared limiter. */
export interface RedisRateLimiterOptions {
  readonly redis: RedisClient;
  /** Decides while Redis is lost: usually `createMemoryRateLimiter()`, so that each replica limits by itself. */
  readonly fallback: RateLimiter;
  /** Names this limiter in keys, logs and the gauge; limiters of one name share their counts. */
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Paces the attempts to reach a lost Redis. Default: the system clock. Limits follow Redis' clock. */
  readonly clock?: Clock;
}

/**
 * Creates a limiter that all replicas share, at one round trip per request.
 *
 * When Redis fails or is slow the fallback decides, at once from the second request on; Redis is tried again in the
 * background once a second. Meanwhile `gantry_rate_limit_degraded{limiter}` is 1, and each turn is logged once.
 */
export function createRedisRateLimiter(options: RedisRateLimiterOptions): RateLimiter {
  const { redis, fallback, name, clock = systemClock } = options;
  const gate = createLoggedGate(options, clock);
  return {
    async take(key, limit) {
      const rate = toCellRate(key, limit);
      if (rate === undefined) {
        return unlimited;
      }
      const attempt = await gate.run(() => takeShared(redis, redisKey('rate', { tag: key }, name), rate));
      return attempt.ok ? attempt.value : await fallback.take(key, limit);
    },
  };
}

function createLoggedGate({ name, logger, metrics }: RedisRateLimiterOptions, clock: Clock) {
  const degraded = degradedGauge(metrics);
  degraded.set({ limiter: name }, 0);
  return createOutageGate({
    clock,
    onDown: (error) => {
      degraded.set({ limiter: name }, 1);
      logger.warn({ limiter: name, err: error }, 'the rate limiter counts by itself, its shared store is lost');
    },
    onUp: () => {
      degraded.set({ limiter: name }, 0);
      logger.info({ limiter: name }, 'the rate limiter shares its counts again');
    },
  });
}

async function takeShared(redis: RedisClient, key: string, { intervalUs, burst }: CellRate): Promise<RateDecision> {
  const waitUs = await gcraScript.run(redis, { keys: [key], args: [intervalUs, burst] });
  if (typeof waitUs !== 'number') {
    throw new TypeError('the rate limit script did not answer with a number');
  }
  return waitUs === 0 ? unlimited : { allowed: false, retryAfterMs: Math.ceil(waitUs / 1_000) };
}
