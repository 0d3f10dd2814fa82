import { type Attempt, createOutageGate, type OutageGate } from '@gantry/redis';
import type { Clock, Logger } from '@gantry/telemetry';

import type { CacheMetrics } from './cache-metrics.ts';
import type { CacheStore } from './cache-store.ts';
import { KeyMarks, type MarkToken } from './key-marks.ts';
import { decodeEntry, encodeEntry, type StoredEntry } from './stored-entry.ts';

/** Options of a level that lives in a store. */
export interface StoreLevelOptions {
  readonly level: 'l2' | 'l3';
  readonly store: CacheStore;
  /** The longest life of an entry: how long an entry that could not be deleted is not believed. */
  readonly ttlMsMax: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly metrics: CacheMetrics;
  readonly logger: Logger;
}

/** How many writes may be under way; beyond it a value is simply not kept at this level. */
export const WRITES_MAX = 1_000;
/** How long a write that failed without an answer may still arrive: longer than any statement or socket timeout of ours. */
const LATE_WRITE_MS = 30_000;

/**
 * Makes a store safe to lean on: nothing here rejects, nothing waits long, and what cannot be believed is not read.
 *
 * An entry is not believed while its key is being deleted, after a delete failed (until it has expired or was replaced),
 * and for a while after a write whose outcome is unknown.
 */
export class StoreLevel {
  readonly name: 'l2' | 'l3';
  readonly #options: StoreLevelOptions;
  readonly #gate: OutageGate;
  readonly #undeleted = new KeyMarks();
  readonly #uncertain = new KeyMarks();
  readonly #writesByKey = new Map<string, Set<Promise<void>>>();
  #writesTotal = 0;

  constructor(options: StoreLevelOptions) {
    const { level, clock, metrics, logger } = options;
    this.name = level;
    this.#options = options;
    metrics.setUp(level, true);
    this.#gate = createOutageGate({
      clock,
      onDown: (error) => {
        metrics.setUp(level, false);
        logger.warn({ level, err: error }, 'a cache level is lost, reads go past it');
      },
      onUp: () => {
        metrics.setUp(level, true);
        logger.info({ level }, 'a cache level is back');
      },
    });
  }

  /** Returns the entry of a key, if the store answers, has one, and it can be believed. */
  async get(key: string): Promise<StoredEntry | undefined> {
    const { clock, metrics, store } = this.#options;
    const nowMs = clock.now();
    if (this.#gate.isDown || this.#undeleted.has(key, nowMs) || this.#uncertain.has(key, nowMs)) {
      metrics.count(this.name, 'skipped');
      if (this.#gate.isDown) {
        // Costs nothing while the store is lost, and finds out that it is back.
        await this.#gate.run(() => this.#timed(store.get(key)));
      }
      return undefined;
    }
    const attempt = await this.#gate.run(() => this.#timed(store.get(key)));
    if (!attempt.ok) {
      metrics.count(this.name, 'error');
      return undefined;
    }
    const entry = attempt.value === undefined ? undefined : decodeEntry(attempt.value);
    const isLive = entry !== undefined && clock.now() < entry.expiresAtMs;
    metrics.count(this.name, resultOf(isLive ? entry : undefined));
    return isLive ? entry : undefined;
  }

  /**
   * Writes an entry in the background, unless the store is lost or too much is under way.
   *
   * Nor while this key is being written: two writes may arrive in either order, and the older one would stay.
   */
  set(key: string, entry: StoredEntry): void {
    if (!this.#gate.isDown && this.#writesTotal < WRITES_MAX && !this.#writesByKey.has(key)) {
      this.#track(key, this.#write(key, entry));
    }
  }

  /** Stops believing what the store has for a key; {@link remove} with the token ends that, if it succeeds. */
  suspect(key: string): MarkToken {
    const nowMs = this.#options.clock.now();
    return this.#undeleted.mark(key, nowMs + this.#options.ttlMsMax, nowMs);
  }

  /** Removes a key after all earlier writes of it, without making the caller wait for a store that is lost. */
  async remove(key: string, token: MarkToken): Promise<void> {
    const writes: Iterable<Promise<void>> = this.#writesByKey.get(key) ?? [];
    await Promise.all(writes);
    if (!this.#gate.isDown) {
      await this.#remove(key, token);
    } else if (this.#writesTotal < WRITES_MAX) {
      this.#track(key, this.#remove(key, token));
    }
  }

  /** Waits for the writes under way. */
  async settle(): Promise<void> {
    await Promise.all([...this.#writesByKey.values()].flatMap((writes) => [...writes]));
  }

  async #write(key: string, entry: StoredEntry): Promise<void> {
    const { clock, store } = this.#options;
    const token = this.#undeleted.tokenOf(key);
    const ttlMs = entry.expiresAtMs - clock.now();
    if (ttlMs <= 0) {
      return;
    }
    const attempt = await this.#insist(() => store.set(key, encodeEntry(entry), ttlMs));
    if (attempt.ok) {
      // The store now has something newer than what could not be deleted.
      this.#undeleted.lift(key, token);
      return;
    }
    const nowMs = clock.now();
    this.#uncertain.mark(key, nowMs + LATE_WRITE_MS, nowMs);
  }

  async #remove(key: string, token: MarkToken): Promise<void> {
    const attempt = await this.#insist(() => this.#options.store.delete(key));
    if (attempt.ok) {
      this.#undeleted.lift(key, token);
    }
  }

  async #insist(operation: () => Promise<void>): Promise<Attempt<void>> {
    return await this.#gate.insist(() => this.#timed(operation()));
  }

  #track(key: string, write: Promise<void>): void {
    const writes = this.#writesByKey.get(key) ?? new Set();
    const tracked = write.finally(() => {
      this.#writesTotal -= 1;
      writes.delete(tracked);
      if (writes.size === 0 && this.#writesByKey.get(key) === writes) {
        this.#writesByKey.delete(key);
      }
    });
    writes.add(tracked);
    this.#writesTotal += 1;
    this.#writesByKey.set(key, writes);
  }

  async #timed<R>(operation: Promise<R>): Promise<R> {
    const { promise: timedOut, reject } = Promise.withResolvers<never>();
    const { timeoutMs } = this.#options;
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      return await Promise.race([operation, timedOut]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function resultOf(entry: StoredEntry | undefined): 'hit' | 'negative' | 'miss' {
  if (entry === undefined) {
    return 'miss';
  }
  return entry.payload === undefined ? 'negative' : 'hit';
}
