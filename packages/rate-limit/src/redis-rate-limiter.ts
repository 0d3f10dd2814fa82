import { createOutageGate, type OutageGate, type RedisClient } from '@gantry/redis';
import { type Clock, type Logger, monotonicClock, type Registry } from '@gantry/telemetry';

import { LeasingRateLimiter } from './leasing-rate-limiter.ts';
import { createRateLimitMetrics, type RateLimitMetrics } from './rate-limit-metrics.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { createRedisTokenStore } from './redis-token-store.ts';

/** Options of the shared limiter. */
export interface RedisRateLimiterOptions {
  readonly redis: RedisClient;
  /** Decides while Redis is lost: usually `createMemoryRateLimiter()`, so that each replica limits by itself. */
  readonly fallback: RateLimiter;
  /** Names this limiter in keys, logs and metrics; limiters of one name share their counts. */
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Times leases and the attempts to reach a lost Redis. Default: the monotonic clock. Limits follow Redis' clock. */
  readonly clock?: Clock;
}

/**
 * Creates a limiter that all replicas share.
 *
 * Where the limit is high, tokens are leased in chunks and spent here, without a round trip; where it is low each request
 * asks Redis. When Redis fails or is slow the fallback decides, at once from the second request on; Redis is tried again in
 * the background once a second. Meanwhile `gantry_rate_limit_degraded{limiter}` is 1, and each turn is logged once.
 */
export function createRedisRateLimiter(options: RedisRateLimiterOptions): RateLimiter {
  const { redis, fallback, name, clock = monotonicClock } = options;
  const metrics = createRateLimitMetrics(options.metrics, name);
  const gate = createLoggedGate(options, { clock, metrics });
  const store = createRedisTokenStore({ redis, name });
  return new LeasingRateLimiter({ store, gate, fallback, metrics, clock, schedule });
}

function schedule(task: () => void, delayMs: number): void {
  setTimeout(task, delayMs).unref();
}

function createLoggedGate(
  { name, logger }: RedisRateLimiterOptions,
  { clock, metrics }: { readonly clock: Clock; readonly metrics: RateLimitMetrics },
): OutageGate {
  return createOutageGate({
    clock,
    onDown: (error) => {
      metrics.setDegraded(true);
      logger.warn({ limiter: name, err: error }, 'the rate limiter counts by itself, its shared store is lost');
    },
    onUp: () => {
      metrics.setDegraded(false);
      logger.info({ limiter: name }, 'the rate limiter shares its counts again');
    },
  });
}
