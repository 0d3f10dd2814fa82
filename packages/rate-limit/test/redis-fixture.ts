import { closeRedis, createRedis, type RedisClient } from '@gantry/redis';
import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { expect } from 'vitest';

/** The address of the Redis that tests run against. */
export function redisUrl(): string {
  const url = process.env['REDIS_URL'];
  if (url === undefined) {
    throw new Error('REDIS_URL is not set; the global setup of the tests sets it');
  }
  return url;
}

/** Connects and waits until the client is ready. */
export async function connectRedis(url = redisUrl()): Promise<Disposable & { readonly redis: RedisClient }> {
  const logger = createLogger({ service: 'test', level: 'silent' });
  const redis = createRedis({ url, name: 'test', logger, metrics: createMetricsRegistry({ service: 'test' }) });
  await expect.poll(() => redis.status).toBe('ready');
  return { redis, [Symbol.dispose]: () => closeRedis(redis) };
}
