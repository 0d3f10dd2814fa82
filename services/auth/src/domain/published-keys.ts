import type { Clock, SigningKeyStore } from './ports.ts';
import type { PublishedKey } from './signing-key.ts';

/** Every service asks at once when it meets a new key; the signer waits longer than this before it uses one. */
const CACHE_MS = 100;

/** Some per replica. More can only come from replicas that start over and over; the newest are those in use. */
const KEYS_LISTED_MAX = 1_000;

interface Deps {
  readonly keys: SigningKeyStore;
  readonly clock: Clock;
}

/** Returns the reader of the keys that verify assertions, of all replicas. Reads at most ten times a second. */
export function createPublishedKeys({ keys, clock }: Deps): () => Promise<readonly PublishedKey[]> {
  let cached: { readonly atMs: number; readonly keys: Promise<readonly PublishedKey[]> } | undefined;
  return () => {
    const nowMs = clock.now();
    if (cached !== undefined && nowMs - cached.atMs < CACHE_MS) return cached.keys;
    const listed = keys.list(nowMs, KEYS_LISTED_MAX);
    const entry = { atMs: nowMs, keys: listed };
    cached = entry;
    // A failure is not kept: the next call tries again.
    listed.catch(() => {
      if (cached === entry) cached = undefined;
    });
    return listed;
  };
}
