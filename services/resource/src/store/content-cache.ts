import { createCache, createPgCacheStore, createRedisCacheStore } from '@gantry/cache';
import type { Pool } from '@gantry/postgres';
import type { RedisClient } from '@gantry/redis';
import { type Logger, type Registry, systemClock } from '@gantry/telemetry';

import type { ContentCache, StoredContent } from '../domain/ports.ts';
import { CONTENT_BYTES_MAX } from '../domain/read-resource.ts';
import { decodeStoredContent, encodeStoredContent } from './stored-content-codec.ts';
import { sweepCache } from './sweep-cache.ts';

/** Where copies are kept, and for how long. */
export interface ContentCacheOptions {
  readonly pool: Pool;
  readonly redis: RedisClient | undefined;
  /** In milliseconds. */
  readonly ttlMs: number;
  readonly logger: Logger;
  readonly metrics: Registry;
}

/** Small pages; the cache's own limit of 64 MiB bounds the large ones. */
const L1_ENTRIES_MAX = 2_000;
/** A replica does not hear when another renews a copy, so it asks the shared levels again soon. */
const L1_TTL_MS = 30_000;
/** What was missing a moment ago is asked for again and again by mistaken links; what is new should show soon. */
const NEGATIVE_TTL_MS = 10_000;
/** A URI of 2,048 characters, twice, and what else stands in a header. */
const HEADER_BYTES_MAX = 16 * 1024;
const SWEEP_INTERVAL_MS = 60_000;

/** Creates the cache: in this process, then Redis if there is one, then Postgres. */
export function createContentCache(options: ContentCacheOptions): ContentCache & AsyncDisposable {
  const { pool, redis, ttlMs, logger, metrics } = options;
  const l3 = createPgCacheStore({ pool, table: 'resource.cache_entries' });
  const cache = createCache<StoredContent>({
    name: 'resource',
    l1: { entriesMax: L1_ENTRIES_MAX, ttlMs: Math.min(L1_TTL_MS, ttlMs) },
    ...(redis === undefined ? {} : { l2: createRedisCacheStore({ redis, area: 'resource' }) }),
    l3,
    ttlMs,
    negativeTtlMs: Math.min(NEGATIVE_TTL_MS, ttlMs),
    entryBytesMax: CONTENT_BYTES_MAX + HEADER_BYTES_MAX,
    encode: encodeStoredContent,
    decode: decodeStoredContent,
    clock: systemClock,
    metrics,
    logger,
  });
  const sweep = sweepCache({ store: l3, logger, intervalMs: SWEEP_INTERVAL_MS });
  return {
    async get(key, load, signal) {
      const { value, level } = await cache.get(key, load, signal);
      return { value, isFromSource: level === 'source' };
    },
    delete: (key) => cache.delete(key),
    async [Symbol.asyncDispose]() {
      sweep[Symbol.dispose]();
      await cache[Symbol.asyncDispose]();
    },
  };
}
