import type { Clock } from '@gantry/telemetry';
import { LRUCache } from 'lru-cache';

import type { L1Size } from './cache-metrics.ts';

/** Limits of the level in this process. */
export interface MemoryLevelLimits {
  readonly entriesMax: number;
  /** Of encoded values and keys together; a decoded value may take several times as much. */
  readonly bytesMax: number;
}

/** A value held in this process; the object tells a remembered absence from a miss. */
export interface HeldEntry<T> {
  readonly value: T | undefined;
  readonly expiresAtMs: number;
}

/** The map node, the entry object and two pointers of the list, roughly. */
const ENTRY_OVERHEAD_BYTES = 128;

/** The first level: values as they are, least recently used out first, capped by entries and by bytes. */
export class MemoryLevel<T> {
  readonly #entries: LRUCache<string, HeldEntry<T>>;
  readonly #clock: Clock;

  constructor({ entriesMax, bytesMax }: MemoryLevelLimits, clock: Clock) {
    this.#clock = clock;
    // An entry larger than all of it is not kept and pushes nothing out.
    this.#entries = new LRUCache({ max: entriesMax, maxSize: bytesMax, maxEntrySize: bytesMax });
  }

  get(key: string): HeldEntry<T> | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.expiresAtMs <= this.#clock.now()) {
      this.#entries.delete(key);
      return undefined;
    }
    return entry;
  }

  set(key: string, entry: HeldEntry<T>, payloadBytes: number): void {
    // A UTF-16 key takes two bytes a character at most.
    this.#entries.set(key, entry, { size: payloadBytes + 2 * key.length + ENTRY_OVERHEAD_BYTES });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  get size(): L1Size {
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize };
  }
}
