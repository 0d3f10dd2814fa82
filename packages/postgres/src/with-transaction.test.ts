import { AppError } from '@gantry/errors';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { createThrowawayDatabase, openTestPool } from '../test/throwaway-database.ts';
import type { TestPool, ThrowawayDatabase } from '../test/throwaway-database.ts';
import { isSqlState } from './sql-state.ts';
import { query } from './with-client.ts';
import { withTransaction } from './with-transaction.ts';

let database: ThrowawayDatabase;
let open: TestPool;

beforeAll(async () => {
  database = await createThrowawayDatabase();
  open = openTestPool(database.url, { maxConnections: 3 });
  await query(open.pool, 'CREATE TABLE note (id integer PRIMARY KEY, text text)');
});

afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await query(open.pool, 'TRUNCATE note');
});

test('a transaction commits what it did and answers what it returned', async () => {
  const answer = await withTransaction(open.pool, async (client) => {
    await client.query(`INSERT INTO note VALUES (1, 'kept')`);
    return 'done';
  });
  expect(answer).toBe('done');
  expect(await notes()).toEqual([{ id: 1, text: 'kept' }]);
});

test('a transaction that throws is rolled back, its error rises as it is, and its connection is used again', async () => {
  const before = open.pool.totalCount;
  const error = new AppError({ code: 'NOT_FOUND', reason: 'NOTE_NOT_FOUND', message: 'there is no such note' });
  const transaction = withTransaction(open.pool, async (client) => {
    await client.query(`INSERT INTO note VALUES (1, 'lost')`);
    throw error;
  });
  await expect(transaction).rejects.toBe(error);
  expect(await notes()).toEqual([]);
  expect(open.pool.totalCount).toBe(before);
});

test('a broken constraint rises with its SQLSTATE', async () => {
  await query(open.pool, `INSERT INTO note VALUES (1, 'first')`);
  const transaction = withTransaction(open.pool, (client) => client.query(`INSERT INTO note VALUES (1, 'second')`));
  const error: unknown = await transaction.catch((reason: unknown) => reason);
  expect(isSqlState(error, 'UNIQUE_VIOLATION')).toBe(true);
  expect(isSqlState(error, 'CHECK_VIOLATION', 'UNIQUE_VIOLATION')).toBe(true);
  expect(isSqlState(error, 'CHECK_VIOLATION')).toBe(false);
});

test('a transaction that swallows the error of a statement fails instead of losing its work in silence', async () => {
  const transaction = withTransaction(open.pool, async (client) => {
    await client.query(`INSERT INTO note VALUES (1, 'lost')`);
    await client.query('SELECT 1/0').catch(() => undefined);
  });
  await expect(transaction).rejects.toThrow('the transaction was rolled back because an error inside it was caught');
  expect(await notes()).toEqual([]);
});

test('a connection that cannot roll back is closed, not given to the next caller', async () => {
  let lostPid = 0;
  const transaction = withTransaction(open.pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    lostPid = rows[0]?.pid ?? 0;
    await database.run(`SELECT pg_terminate_backend(${lostPid})`);
    throw new Error('something else went wrong');
  });
  await expect(transaction).rejects.toThrow('something else went wrong');
  const backends = await Promise.all(
    [1, 2, 3].map(() => query<{ pid: number }>(open.pool, 'SELECT pg_backend_pid() AS pid, pg_sleep(0.01)')),
  );
  expect(backends.map(({ rows }) => rows[0]?.pid)).not.toContain(lostPid);
});

test('one of two transactions that wait for each other is DATABASE_CONFLICT', async () => {
  await query(open.pool, `INSERT INTO note VALUES (1, 'a'), (2, 'b')`);
  const bothHold = Promise.withResolvers<void>();
  let holders = 0;
  const lockBoth = (first: number, second: number): Promise<unknown> =>
    withTransaction(open.pool, async (client) => {
      await client.query('SELECT 1 FROM note WHERE id = $1 FOR UPDATE', [first]);
      holders += 1;
      if (holders === 2) bothHold.resolve();
      await bothHold.promise;
      await client.query('SELECT 1 FROM note WHERE id = $1 FOR UPDATE', [second]);
    });
  const outcomes = await Promise.allSettled([lockBoth(1, 2), lockBoth(2, 1)]);
  const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(rejected.map(({ reason }) => reason)).toEqual([
    expect.objectContaining({ code: 'ABORTED', reason: 'DATABASE_CONFLICT' }),
  ]);
});

async function notes(): Promise<unknown[]> {
  const { rows } = await query(open.pool, 'SELECT id, text FROM note ORDER BY id');
  return rows;
}
