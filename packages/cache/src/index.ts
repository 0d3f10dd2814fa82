export type { Cache, CacheLevel, CacheLoad, CacheRead } from './cache.ts';
export type { CacheStore } from './cache-store.ts';
export { createCache, type CreateCacheOptions } from './create-cache.ts';
export { createPgCacheStore, type PgCacheStore, type PgCacheStoreOptions } from './pg-cache-store.ts';
export { createRedisCacheStore, type RedisCacheStoreOptions } from './redis-cache-store.ts';
