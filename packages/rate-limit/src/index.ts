export {
  createMemoryRateLimiter,
  type MemoryRateLimiter,
  type MemoryRateLimiterOptions,
} from './memory-rate-limiter.ts';
export {
  BURST_MAX,
  KEY_CHARS_MAX,
  PER_MINUTE_MAX,
  type RateDecision,
  type RateLimit,
  type RateLimiter,
} from './rate-limiter.ts';
export { createRedisRateLimiter, type RedisRateLimiterOptions } from './redis-rate-limiter.ts';
