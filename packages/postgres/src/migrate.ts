import type { Logger } from '@gantry/telemetry';
import type { Pool, PoolClient, QueryConfig } from 'pg';

import { toDatabaseError } from './database-error.ts';
import { readMigrations } from './migration-files.ts';
import type { Migration } from './migration-files.ts';
import { planMigrations } from './migration-plan.ts';
import type { AppliedMigration } from './migration-plan.ts';
import { connect } from './with-client.ts';

/** Says what to bring up to date. */
export interface MigrateOptions {
  readonly pool: Pool;
  /** The Postgres schema of the service; made if missing. Lower-case letters, digits and `_`. */
  readonly schema: string;
  /** The folder with `000001-name.sql`, `000002-…`. */
  readonly directory: URL;
  readonly logger: Logger;
}

const SCHEMA_NAME = /^[a-z][a-z0-9_]{0,62}$/;
// A migration may build an index over a large table, and another process may be doing so while this one waits its turn.
const MIGRATION_TIMEOUT_MS = 15 * 60_000;
// A migration that waits for a lock makes every later query on that table wait behind it: rather fail and be tried again.
const TABLE_LOCK_TIMEOUT_MS = 10_000;
// The client waits a little longer, so that it is the server that ends a statement.
const CLIENT_GRACE_MS = 5_000;

/**
 * Brings a schema up to date: applies each new `.sql` file of the folder, in its own transaction, once.
 *
 * The files are plain SQL; unqualified names mean the schema. `<schema>.migrations` remembers their checksums. Any number of
 * processes may call this at once: one works, the others wait and find nothing to do. A database ahead of the code is left
 * as it is, so that old code keeps running during a rolling update.
 *
 * Needs a session of its own: not through a pooler in transaction mode.
 *
 * @throws {Error} when an applied file was changed, renamed or removed, or a migration fails; it names the file.
 * @throws {AppError} DATABASE_UNAVAILABLE
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  if (!SCHEMA_NAME.test(options.schema))
    throw new Error(`"${options.schema}" is not the name of a schema: use a-z, 0-9 and _`);
  const files = await readMigrations(options.directory);
  const client = await connect(options.pool);
  try {
    await migrateAlone(client, files, options);
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    // Closing the session gives back the lock and the changed settings, whatever happened.
    client.release(true);
  }
}

async function migrateAlone(client: PoolClient, files: readonly Migration[], options: MigrateOptions): Promise<void> {
  const { schema, logger } = options;
  await client.query(patiently(`SET statement_timeout = ${MIGRATION_TIMEOUT_MS}`));
  await client.query(patiently('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`gantry.migrate.${schema}`]));
  await prepareSchema(client, schema);
  const { rows } = await client.query<AppliedMigration>(
    `SELECT number, name, checksum FROM ${schema}.migrations ORDER BY number`,
  );
  const { pending, unknownNewer } = planMigrations(files, rows);
  if (unknownNewer.length > 0) {
    logger.warn(
      { schema, migrations: unknownNewer.map(({ name }) => name) },
      'database schema is newer than this code',
    );
  }
  for (const migration of pending) {
    const startMs = performance.now();
    await apply(client, schema, migration);
    logger.info(
      { schema, migration: migration.name, durationMs: Math.round(performance.now() - startMs) },
      'migration applied',
    );
  }
}

/** Makes the schema and its memory. Asks first, because IF NOT EXISTS needs the right to create even when there is nothing to do. */
async function prepareSchema(client: PoolClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ schema: boolean; table: boolean }>(
    'SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($2) IS NOT NULL AS table',
    [schema, `${schema}.migrations`],
  );
  if (rows[0]?.schema !== true) await client.query(`CREATE SCHEMA ${schema}`);
  if (rows[0]?.table === true) return;
  await client.query(`
    CREATE TABLE ${schema}.migrations (
      number integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
}

async function apply(client: PoolClient, schema: string, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = ${TABLE_LOCK_TIMEOUT_MS}`);
    await client.query(`SET LOCAL search_path = ${schema}, public`);
    await client.query(patiently(migration.sql));
    await client.query(`INSERT INTO ${schema}.migrations (number, name, checksum) VALUES ($1, $2, $3)`, [
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    const known = toDatabaseError(error);
    // A lost connection or a busy table is nothing that the author of the file can mend.
    if (known !== error) throw known;
    const problem = error instanceof Error ? error.message : String(error);
    throw new Error(`migration ${schema}/${migration.name} failed: ${problem}`, { cause: error });
  }
}

/** Lifts the pool's query timeout for one statement. pg reads the field, its types do not know it. */
function patiently(text: string, values?: readonly unknown[]): QueryConfig {
  const config = { text, query_timeout: MIGRATION_TIMEOUT_MS + CLIENT_GRACE_MS };
  return values === undefined ? config : { ...config, values: [...values] };
}
