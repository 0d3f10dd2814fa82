import type { CatalogEntry, Now, ToolStore } from './ports.ts';

/** A change of the catalog shows on every replica within this time. */
const FRESH_MS = 2_000;
/** Tenants whose catalog is kept; the least recently used goes first. */
export const TENANTS_MAX = 1_000;

interface Cached {
  readonly entries: Promise<readonly CatalogEntry[]>;
  readonly loadedAtMs: number;
}

/** What the cache tells of itself. */
export interface CachedToolsDeps {
  readonly store: Pick<ToolStore, 'loadTools'>;
  readonly now: Now;
  /** Is told when the store failed and old entries are served instead. */
  readonly onStale: (error: unknown) => void;
}

/**
 * Returns loadTools of a store with a cache before it: one load a tenant at a time, fresh for two seconds. While the store
 * fails, what was loaded last goes on being served: a lost database must not take away the tools that need none.
 */
export function createCachedTools({ store, now, onStale }: CachedToolsDeps): ToolStore['loadTools'] {
  const cachedByTenant = new Map<string, Cached>();

  const load = (tenantId: string, old: Cached | undefined): Cached => {
    const entries = store.loadTools(tenantId).catch((error: unknown) => {
      if (old === undefined) {
        cachedByTenant.delete(tenantId);
        throw error;
      }
      onStale(error);
      return old.entries;
    });
    return { entries, loadedAtMs: now() };
  };

  return (tenantId) => {
    const known = cachedByTenant.get(tenantId);
    const current = known !== undefined && now() - known.loadedAtMs < FRESH_MS ? known : load(tenantId, known);
    // Setting it anew moves it to the end of the map: the first is the least recently used.
    cachedByTenant.delete(tenantId);
    cachedByTenant.set(tenantId, current);
    const [oldest] = cachedByTenant.keys();
    if (cachedByTenant.size > TENANTS_MAX && oldest !== undefined) cachedByTenant.delete(oldest);
    return current.entries;
  };
}
