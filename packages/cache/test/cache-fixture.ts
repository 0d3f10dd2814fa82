import { createLogger, createMetricsRegistry } from '@gantry/telemetry';

import type { CacheStore } from '../src/cache-store.ts';
import type { Cache } from '../src/cache.ts';
import { createCache, type CreateCacheOptions } from '../src/create-cache.ts';

/** A clock that stands until it is moved. */
export function standingClock() {
  const clock = { nowMs: 1_790_000_000_000, now: () => clock.nowMs };
  return clock;
}

/** A store in memory that can be told to fail or to wait; nothing in it expires. */
export class FakeStore implements CacheStore {
  readonly entries = new Map<string, { readonly value: Uint8Array; readonly ttlMs: number }>();
  readonly calls: string[] = [];
  failure: Error | undefined;
  /** Awaited before each answer. */
  pause: Promise<void> = Promise.resolve();

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#begin(`get ${key}`);
    return this.entries.get(key)?.value;
  }

  async set(key: string, value: Uint8Array, ttlMs: number): Promise<void> {
    await this.#begin(`set ${key}`);
    this.entries.set(key, { value, ttlMs });
  }

  async delete(key: string): Promise<void> {
    await this.#begin(`delete ${key}`);
    this.entries.delete(key);
  }

  async #begin(call: string): Promise<void> {
    this.calls.push(call);
    await this.pause;
    if (this.failure !== undefined) {
      throw this.failure;
    }
  }
}

/** A cache of strings with everything around it in reach of the test. */
export function openCache(options: Partial<CreateCacheOptions<string>> = {}) {
  const clock = standingClock();
  const metrics = createMetricsRegistry({ service: 'test' });
  const logs: string[] = [];
  const destination = { write: (line: string) => void logs.push(JSON.parse(line).msg) };
  const cache: Cache<string> = createCache<string>({
    name: 'test',
    l1: { entriesMax: 100, ttlMs: 10_000 },
    ttlMs: 60_000,
    negativeTtlMs: 5_000,
    encode: (value) => Buffer.from(value),
    decode: (bytes) => Buffer.from(bytes).toString(),
    clock,
    metrics,
    logger: createLogger({ service: 'test', level: 'info', destination }),
    random: () => 0,
    ...options,
  });
  return {
    cache,
    clock,
    logs,
    /** Returns the samples of a metric as `labels value`, without the common labels. */
    samples: async (name: string): Promise<readonly string[]> =>
      (await metrics.metrics())
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`))
        .map((line) => line.slice(name.length + 1).replaceAll(/cache="test",?|,?service="test"|\}/g, '')),
  };
}

/** A source that counts its loads. */
export function source(value: string | undefined) {
  const state = {
    value,
    loadsTotal: 0,
    load: async (): Promise<string | undefined> => {
      state.loadsTotal += 1;
      return state.value;
    },
  };
  return state;
}
