import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';

import { leavesConnectionUnusable, toDatabaseError } from './database-error.ts';

/**
 * Lends a connection to `use` and takes it back. A connection that failed under it is closed instead.
 *
 * Do not wait for anything but the database inside: connections are few.
 *
 * @throws what `use` throws, through {@link toDatabaseError}.
 */
export async function withClient<T>(pool: Pool, use: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  let isUnusable = false;
  try {
    return await use(client);
  } catch (error) {
    isUnusable = leavesConnectionUnusable(error);
    throw toDatabaseError(error);
  } finally {
    client.release(isUnusable);
  }
}

/**
 * Runs one statement on a connection of the pool and answers its result. Values are bound, never spliced.
 *
 * @throws what pg throws, through {@link toDatabaseError}.
 */
export async function query<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<QueryResult<Row>> {
  try {
    return await pool.query<Row>(text, [...values]);
  } catch (error) {
    throw toDatabaseError(error);
  }
}

/** Takes a connection out of the pool; the caller has to release it. */
export async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw toDatabaseError(error);
  }
}
