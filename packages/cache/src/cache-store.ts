/**
 * Keeps bytes under keys for a while, outside this process.
 *
 * A store may lose anything at any time. It must be *in order* for one caller: after `delete` resolved, `get` does not
 * return what was set before. Failures reject; the cache survives them.
 */
export interface CacheStore {
  /** Returns the bytes of a key that is there and has not expired. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Sets a key, replacing what was there; `ttlMs` is positive. */
  set(key: string, value: Uint8Array, ttlMs: number): Promise<void>;
  /** Removes a key; a missing one is no error. */
  delete(key: string): Promise<void>;
}
