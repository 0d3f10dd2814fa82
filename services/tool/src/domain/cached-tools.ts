import type { CatalogEntry, Now, ToolStore } from './ports.ts';

/** A change of the catalog shows on every replica within this time. */
export const FRESH_MS = 2_000;
/** Tenants whose catalog is kept; the least recently used goes first. */
export const TENANTS_MAX = 1_000;
/** A store that hangs must not hold up tools that need none: after this the entries loaded last are served. */
const LOAD_WAIT_MS = 250;

type Entries = readonly CatalogEntry[];

interface Cached {
  /** What is served. */
  entries: Promise<Entries>;
  /** What the store gave last; absent before it has given anything. */
  loaded?: Entries;
  isLoading: boolean;
  readonly loadedAtMs: number;
}

/** What the cache is made of. */
export interface CachedToolsDeps {
  readonly store: Pick<ToolStore, 'loadTools'>;
  readonly now: Now;
  /** Is told when the store failed and old entries are served instead. */
  readonly onStale: (error: unknown) => void;
  /** How long a call waits for the store when there are old entries, in milliseconds. Default 250. */
  readonly loadWaitMs?: number;
}

/**
 * Returns loadTools of a store with a cache before it: one load a tenant at a time, fresh for two seconds. While the store
 * fails or hangs, what was loaded last goes on being served: a lost database must not take away the tools that need none.
 */
export function createCachedTools(deps: CachedToolsDeps): ToolStore['loadTools'] {
  const { store, now, onStale, loadWaitMs = LOAD_WAIT_MS } = deps;
  const cachedByTenant = new Map<string, Cached>();

  const load = (tenantId: string, old: Entries | undefined): Cached => {
    const loading = store.loadTools(tenantId);
    const cached: Cached = { entries: loading, isLoading: true, loadedAtMs: now() };
    if (old !== undefined) {
      cached.loaded = old;
      cached.entries = firstOf(loading, old, loadWaitMs);
    }
    loading.then(
      (entries) => {
        cached.isLoading = false;
        cached.loaded = entries;
        cached.entries = loading;
      },
      (error: unknown) => {
        cached.isLoading = false;
        if (old !== undefined) onStale(error);
        // Nothing to serve instead: the next call tries again.
        else if (cachedByTenant.get(tenantId) === cached) cachedByTenant.delete(tenantId);
      },
    );
    return cached;
  };

  return (tenantId) => {
    const known = cachedByTenant.get(tenantId);
    const isUsable = known !== undefined && (known.isLoading || now() - known.loadedAtMs < FRESH_MS);
    const current = isUsable ? known : load(tenantId, known?.loaded);
    // Setting it anew moves it to the end of the map: the first is the least recently used.
    cachedByTenant.delete(tenantId);
    cachedByTenant.set(tenantId, current);
    const [oldest] = cachedByTenant.keys();
    if (cachedByTenant.size > TENANTS_MAX && oldest !== undefined) cachedByTenant.delete(oldest);
    return current.entries;
  };
}

/** Returns what is loaded or, when that fails or takes too long, what there was before. */
function firstOf(loading: Promise<Entries>, old: Entries, waitMs: number): Promise<Entries> {
  const { promise, resolve } = Promise.withResolvers<Entries>();
  const timer = setTimeout(resolve, waitMs, old);
  loading.then(resolve, () => resolve(old)).finally(() => clearTimeout(timer));
  return promise;
}
