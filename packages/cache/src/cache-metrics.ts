import type { Registry } from '@gantry/telemetry';
import { Counter, Gauge } from 'prom-client';

import type { CacheLevel } from './cache.ts';

/** What asking a level led to; `negative` is a remembered absence, `skipped` a level that is lost or not believed. */
type CacheResult = 'hit' | 'negative' | 'miss' | 'error' | 'skipped';

/** What one cache counts and shows. */
export interface CacheMetrics {
  count(level: CacheLevel, result: CacheResult): void;
  setUp(level: CacheLevel, isUp: boolean): void;
}

/** The size of an L1 at this moment. */
export interface L1Size {
  readonly entries: number;
  readonly bytes: number;
}

interface CacheInstruments {
  readonly requests: Counter<'cache' | 'level' | 'result'>;
  readonly up: Gauge<'cache' | 'level'>;
  // One per cache name, of which a service has a handful.
  readonly sizesByCache: Map<string, () => L1Size>;
}

const instrumentsByRegistry = new WeakMap<Registry, CacheInstruments>();

/** Counts and shows one cache on a registry that several caches may share. */
export function createCacheMetrics(registry: Registry, cache: string, l1Size: () => L1Size): CacheMetrics {
  const instruments = instrumentsByRegistry.get(registry) ?? createInstruments(registry);
  instrumentsByRegistry.set(registry, instruments);
  instruments.sizesByCache.set(cache, l1Size);
  return {
    count: (level, result) => instruments.requests.inc({ cache, level, result }),
    setUp: (level, isUp) => instruments.up.set({ cache, level }, isUp ? 1 : 0),
  };
}

function createInstruments(registry: Registry): CacheInstruments {
  const sizesByCache = new Map<string, () => L1Size>();
  createSizeGauge('entries', 'Entries in the first level of this cache.');
  createSizeGauge('bytes', 'Encoded bytes in the first level of this cache, keys included.');
  return {
    sizesByCache,
    requests: new Counter({
      name: 'gantry_cache_requests_total',
      help: 'What asking each level of a cache led to; level source is the load.',
      labelNames: ['cache', 'level', 'result'],
      registers: [registry],
    }),
    up: new Gauge({
      name: 'gantry_cache_level_up',
      help: '1 while this level of the cache answers, 0 while reads go past it.',
      labelNames: ['cache', 'level'],
      registers: [registry],
    }),
  };

  function createSizeGauge(unit: keyof L1Size, help: string): void {
    const gauge = new Gauge({
      name: `gantry_cache_l1_${unit}`,
      help,
      labelNames: ['cache'],
      registers: [registry],
      collect: () => {
        for (const [cache, size] of sizesByCache) {
          gauge.set({ cache }, size()[unit]);
        }
      },
    });
  }
}
