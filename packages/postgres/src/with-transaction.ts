import type { Pool, PoolClient } from 'pg';

import { leavesConnectionUnusable, toDatabaseError } from './database-error.ts';
import { connect } from './with-client.ts';

/**
 * Runs `use` in a transaction: commits when it returns, rolls back when it throws. A connection whose rollback fails is
 * closed, which rolls back as well.
 *
 * Never wait for anything but the database inside. Statements on other connections are not part of the transaction.
 *
 * @throws what `use` throws, through {@link toDatabaseError}; and when `use` returns after it caught the error of a
 * statement, because Postgres has given up the whole transaction by then.
 */
export async function withTransaction<T>(pool: Pool, use: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  let isUnusable = false;
  try {
    await client.query('BEGIN');
    const result = await use(client);
    await commit(client);
    return result;
  } catch (error) {
    isUnusable = leavesConnectionUnusable(error) || !(await rollBack(client));
    throw toDatabaseError(error);
  } finally {
    client.release(isUnusable);
  }
}

/** Commits. Postgres answers the COMMIT of a failed transaction with ROLLBACK and no error. */
async function commit(client: PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back because an error inside it was caught');
}

async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    // The first error says what happened; the caller closes the connection.
    return false;
  }
}
