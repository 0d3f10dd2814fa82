/** Where a value came from: a level of the cache, or the load itself. */
export type CacheLevel = 'l1' | 'l2' | 'l3' | 'source';

/** A value and where it came from. */
export interface CacheRead<T> {
  /** Undefined when the source has none, which is remembered too. */
  readonly value: T | undefined;
  readonly level: CacheLevel;
}

/** Loads a value from its source; undefined means that there is none. The signal aborts when no caller wants it any more. */
export type CacheLoad<T> = (signal: AbortSignal) => Promise<T | undefined>;

/** A read-through cache. Disposing it waits for the writes under way to its stores. */
export interface Cache<T> extends AsyncDisposable {
  /**
   * Returns the value of a key from the first level that has it, else loads it and keeps it on all levels.
   *
   * Callers that miss at the same time share one load, the first caller's. An abort rejects its own caller only; the load
   * goes on for the others and is aborted when all have gone. A failed load rejects all who wait for it and is not
   * remembered. Failures of stores never show here. The value is shared: treat it as frozen.
   *
   * @throws Whatever `load` throws, and `signal.reason` when aborted.
   */
  get(key: string, load: CacheLoad<T>, signal?: AbortSignal): Promise<CacheRead<T>>;
  /**
   * Removes a key from all levels.
   *
   * A read that begins after this resolved, on this instance, never returns what was loaded before it was called, even
   * when a store could not be reached: its entry is then not believed. Other instances may see a store's old entry until
   * it expires, and their L1 for `l1.ttlMs`: tell them over the bus. Never rejects.
   */
  delete(key: string): Promise<void>;
}
