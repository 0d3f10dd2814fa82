import type { Clock, Logger, Registry } from '@gantry/telemetry';

import { type CacheMetrics, createCacheMetrics } from './cache-metrics.ts';
import type { CacheStore } from './cache-store.ts';
import type { Cache, CacheLoad, CacheRead } from './cache.ts';
import { Flight } from './flight.ts';
import { MemoryLevel } from './memory-level.ts';
import { StoreLevel } from './store-level.ts';
import type { StoredEntry } from './stored-entry.ts';

/** Options of a cache. */
export interface CreateCacheOptions<T> {
  /** Names the cache in metrics and logs; one of a handful of constants. */
  readonly name: string;
  readonly l1: {
    readonly entriesMax: number;
    /** How long this process may hold a value that another instance has deleted, in milliseconds. */
    readonly ttlMs: number;
    /** Encoded bytes, keys included. Default 64 MiB. */
    readonly bytesMax?: number;
  };
  /** Shared and fast, usually Redis. */
  readonly l2?: CacheStore;
  /** Shared and large, usually Postgres. */
  readonly l3?: CacheStore;
  /** How long a value lives on all levels together, in milliseconds, less up to a tenth so that not all expire at once. */
  readonly ttlMs: number;
  /** How long an absence is remembered, in milliseconds; 0 remembers none. */
  readonly negativeTtlMs: number;
  /** A value that encodes to more bytes is returned and not kept. Default 1 MiB. */
  readonly entryBytesMax?: number;
  /** How long a read waits for a store, in milliseconds. Default 1,000. */
  readonly storeTimeoutMs?: number;
  readonly encode: (value: T) => Uint8Array;
  /** May throw on bytes of an older version: that is a miss. */
  readonly decode: (bytes: Uint8Array) => T;
  readonly clock: Clock;
  readonly metrics: Registry;
  readonly logger: Logger;
  /** A source of numbers from 0 to 1 for the jitter. Default `Math.random`. */
  readonly random?: () => number;
}

const BYTES_MAX = 64 * 1_024 * 1_024;
/** What is larger belongs into a store of its own: it would push thousands of entries out. */
const ENTRY_BYTES_MAX = 1_024 * 1_024;
/** Twice the command timeout of Redis, so that its own clearer error comes first. */
const STORE_TIMEOUT_MS = 1_000;
/** A tenth spreads the reloads of values that were loaded together over a tenth of their life. */
const JITTER_RATIO = 0.1;
/** Loads under way that can be shared; beyond it a load runs for its caller alone and is not kept. */
export const FLIGHTS_MAX = 10_000;

/**
 * Creates a read-through cache: L1 in this process, then the stores that are given, then the load.
 *
 * @throws {RangeError} When a time or size is not positive.
 */
export function createCache<T>(options: CreateCacheOptions<T>): Cache<T> {
  assertPositive({ ttlMs: options.ttlMs, 'l1.ttlMs': options.l1.ttlMs, 'l1.entriesMax': options.l1.entriesMax });
  if (!(options.negativeTtlMs >= 0)) {
    throw new RangeError('negativeTtlMs must not be negative');
  }
  return new ReadThroughCache(options);
}

class ReadThroughCache<T> implements Cache<T> {
  readonly #options: CreateCacheOptions<T>;
  readonly #random: () => number;
  readonly #entryBytesMax: number;
  readonly #logger: Logger;
  readonly #metrics: CacheMetrics;
  readonly #l1: MemoryLevel<T>;
  readonly #stores: readonly StoreLevel[];
  readonly #flightsByKey = new Map<string, Flight<CacheRead<T>>>();

  constructor(options: CreateCacheOptions<T>) {
    const { name, l1, clock, entryBytesMax = ENTRY_BYTES_MAX, random = Math.random } = options;
    this.#options = options;
    this.#random = random;
    this.#entryBytesMax = entryBytesMax;
    this.#logger = options.logger.child({ cache: name });
    this.#l1 = new MemoryLevel({ entriesMax: l1.entriesMax, bytesMax: l1.bytesMax ?? BYTES_MAX }, clock);
    this.#metrics = createCacheMetrics(options.metrics, name, () => this.#l1.size);
    this.#stores = [...this.#createStore('l2', options.l2), ...this.#createStore('l3', options.l3)];
  }

  async get(key: string, load: CacheLoad<T>, signal?: AbortSignal): Promise<CacheRead<T>> {
    signal?.throwIfAborted();
    const held = this.#l1.get(key);
    if (held !== undefined) {
      this.#metrics.count('l1', held.value === undefined ? 'negative' : 'hit');
      return { value: held.value, level: 'l1' };
    }
    this.#metrics.count('l1', 'miss');
    const flight = this.#flightsByKey.get(key) ?? this.#start(key, load);
    return await flight.join(signal);
  }

  async delete(key: string): Promise<void> {
    // Nothing that began before this line may be kept, and nothing that a store still has may be read.
    this.#l1.delete(key);
    this.#flightsByKey.delete(key);
    const suspected = this.#stores.map((store) => ({ store, token: store.suspect(key) }));
    // The deepest first, so that another instance cannot carry the old value up into a level that is done.
    for (const { store, token } of suspected.toReversed()) {
      await store.remove(key, token);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.settle()));
  }

  #start(key: string, load: CacheLoad<T>): Flight<CacheRead<T>> {
    const end = () => {
      if (this.#flightsByKey.get(key) === flight) {
        this.#flightsByKey.delete(key);
      }
    };
    const isCurrent = () => this.#flightsByKey.get(key) === flight;
    const flight: Flight<CacheRead<T>> = new Flight(async (signal) => {
      // Begins in the next microtask, when the flight is in the map.
      await Promise.resolve();
      try {
        return (
          (await this.#readStores(key, isCurrent, signal)) ?? (await this.#readSource(key, { isCurrent, load, signal }))
        );
      } finally {
        end();
      }
    }, end);
    if (this.#flightsByKey.size < FLIGHTS_MAX) {
      this.#flightsByKey.set(key, flight);
    }
    return flight;
  }

  async #readStores(key: string, isCurrent: () => boolean, signal: AbortSignal): Promise<CacheRead<T> | undefined> {
    for (const [index, store] of this.#stores.entries()) {
      const entry = await store.get(key);
      signal.throwIfAborted();
      const decoded = entry === undefined ? undefined : this.#decode(entry, store);
      if (entry !== undefined && decoded !== undefined) {
        if (isCurrent()) {
          this.#keep(key, { entry, value: decoded.value, stores: this.#stores.slice(0, index) });
        }
        return { value: decoded.value, level: store.name };
      }
    }
    return undefined;
  }

  async #readSource(key: string, { isCurrent, load, signal }: SourceRead<T>): Promise<CacheRead<T>> {
    const value = await this.#load(load, signal);
    const ttlMs = value === undefined ? this.#options.negativeTtlMs : this.#options.ttlMs;
    const payload = value === undefined ? undefined : this.#encode(value);
    const isKeepable = ttlMs > 0 && payload !== 'failed' && (payload?.byteLength ?? 0) <= this.#entryBytesMax;
    if (isKeepable && isCurrent()) {
      const expiresAtMs = this.#options.clock.now() + this.#jittered(ttlMs);
      this.#keep(key, { entry: { payload, expiresAtMs }, value, stores: this.#stores });
    }
    return { value, level: 'source' };
  }

  async #load(load: CacheLoad<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      const value = await load(signal);
      this.#metrics.count('source', value === undefined ? 'negative' : 'hit');
      return value;
    } catch (error) {
      this.#metrics.count('source', 'error');
      throw error;
    }
  }

  #keep(key: string, { entry, value, stores }: KeptValue<T>): void {
    const l1ExpiresAtMs = this.#options.clock.now() + this.#jittered(this.#options.l1.ttlMs);
    const expiresAtMs = Math.min(entry.expiresAtMs, l1ExpiresAtMs);
    this.#l1.set(key, { value, expiresAtMs }, entry.payload?.byteLength ?? 0);
    for (const store of stores) {
      store.set(key, entry);
    }
  }

  /** Returns the value in an object, because undefined is a value here; nothing when it cannot be decoded. */
  #decode({ payload }: StoredEntry, store: StoreLevel): { readonly value: T | undefined } | undefined {
    try {
      return { value: payload === undefined ? undefined : this.#options.decode(payload) };
    } catch (error) {
      this.#metrics.count(store.name, 'error');
      this.#logger.warn({ level: store.name, err: error }, 'a cached value could not be decoded and is loaded again');
      return undefined;
    }
  }

  #encode(value: T): Uint8Array | 'failed' {
    try {
      return this.#options.encode(value);
    } catch (error) {
      // The caller has its value; only keeping it failed.
      this.#logger.error({ err: error }, 'a value could not be encoded and is not cached');
      return 'failed';
    }
  }

  #jittered(ttlMs: number): number {
    return ttlMs * (1 - JITTER_RATIO * this.#random());
  }

  #createStore(level: 'l2' | 'l3', store: CacheStore | undefined): readonly StoreLevel[] {
    if (store === undefined) {
      return [];
    }
    const { ttlMs, negativeTtlMs, storeTimeoutMs = STORE_TIMEOUT_MS, clock } = this.#options;
    return [
      new StoreLevel({
        level,
        store,
        ttlMsMax: Math.max(ttlMs, negativeTtlMs),
        timeoutMs: storeTimeoutMs,
        clock,
        metrics: this.#metrics,
        logger: this.#logger,
      }),
    ];
  }
}

interface SourceRead<T> {
  readonly isCurrent: () => boolean;
  readonly load: CacheLoad<T>;
  readonly signal: AbortSignal;
}

interface KeptValue<T> {
  readonly entry: StoredEntry;
  readonly value: T | undefined;
  /** The stores that do not have it yet. */
  readonly stores: readonly StoreLevel[];
}

function assertPositive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value > 0)) {
      throw new RangeError(`${name} must be positive, not ${value}`);
    }
  }
}
