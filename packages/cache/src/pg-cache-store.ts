import { type Pool, query } from '@gantry/postgres';

import type { CacheStore } from './cache-store.ts';
import { storeKey } from './store-key.ts';

/** Options of a store in Postgres. */
export interface PgCacheStoreOptions {
  readonly pool: Pool;
  /**
   * A table with `key text primary key, value bytea not null, expires_at timestamptz not null`, made by a migration of
   * the service that owns it: `resource.cache_entries`. Lower-case letters, digits and underscores.
   */
  readonly table: string;
}

/** A store in Postgres, which has to be swept: Postgres does not expire rows. */
export interface PgCacheStore extends CacheStore {
  /** Deletes up to `limit` expired rows and returns how many; rows that another sweep has locked are left to it. */
  deleteExpired(limit: number): Promise<number>;
}

/**
 * Creates a store of rows with expiry, by the clock of Postgres.
 *
 * @throws {RangeError} When the name of the table is not plain.
 */
export function createPgCacheStore({ pool, table }: PgCacheStoreOptions): PgCacheStore {
  const sql = statements(quoteTable(table));
  return {
    async get(key) {
      const { rows } = await query<{ value: Buffer }>(pool, sql.get, [storeKey(key)]);
      return rows[0]?.value;
    },
    async set(key, value, ttlMs) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      await query(pool, sql.set, [storeKey(key), bytes, ttlMs]);
    },
    async delete(key) {
      await query(pool, sql.delete, [storeKey(key)]);
    },
    async deleteExpired(limit) {
      return (await query(pool, sql.deleteExpired, [limit])).rowCount ?? 0;
    },
  };
}

function statements(table: string) {
  return {
    get: `SELECT value FROM ${table} WHERE key = $1 AND expires_at > now()`,
    set: `INSERT INTO ${table} (key, value, expires_at)
      VALUES ($1, $2, now() + $3::double precision * interval '1 millisecond')
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
    delete: `DELETE FROM ${table} WHERE key = $1`,
    // Asked again in the outer statement: a row found expired may have been set anew before it was locked.
    deleteExpired: `DELETE FROM ${table} WHERE expires_at <= now() AND key IN (
      SELECT key FROM ${table} WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
  } as const;
}

function quoteTable(table: string): string {
  const names = table.split('.');
  // Names cannot be bound as parameters, so only names that need no escaping are let through.
  if (names.length > 2 || !names.every((name) => /^[a-z_][a-z0-9_]{0,62}$/.test(name))) {
    throw new RangeError(`${JSON.stringify(table)} is not the plain name of a table, such as resource.cache_entries`);
  }
  return names.map((name) => `"${name}"`).join('.');
}
