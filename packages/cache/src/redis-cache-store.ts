import { redisKey, type RedisClient } from '@gantry/redis';

import type { CacheStore } from './cache-store.ts';
import { storeKey } from './store-key.ts';

/** Options of a store in Redis. */
export interface RedisCacheStoreOptions {
  readonly redis: RedisClient;
  /** The first part of every key; caches of one area share their entries. */
  readonly area: string;
}

/** Creates a store of Redis strings with expiry, one key per entry, spread over all nodes of a Cluster. */
export function createRedisCacheStore({ redis, area }: RedisCacheStoreOptions): CacheStore {
  const keyOf = (key: string) => redisKey(area, { tag: storeKey(key) });
  return {
    async get(key) {
      return (await redis.getBuffer(keyOf(key))) ?? undefined;
    },
    async set(key, value, ttlMs) {
      // A view, not a copy; Redis counts whole milliseconds.
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      await redis.set(keyOf(key), bytes, 'PX', Math.ceil(ttlMs));
    },
    async delete(key) {
      await redis.unlink(keyOf(key));
    },
  };
}
