import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { createThrowawayDatabase, openTestPool } from '../test/throwaway-database.ts';
import type { TestPool, ThrowawayDatabase } from '../test/throwaway-database.ts';
import { copyIn } from './copy-in.ts';
import { COPY_COLUMN_BYTES, COPY_FRAME_BYTES, COPY_ROW_BYTES, CopyRows } from './copy-rows.ts';
import { isSqlState } from './sql-state.ts';
import { query, withClient } from './with-client.ts';
import { withTransaction } from './with-transaction.ts';

const COPY = 'COPY note (id, at, count, text) FROM STDIN (FORMAT binary)';

let database: ThrowawayDatabase;
let open: TestPool;

beforeAll(async () => {
  database = await createThrowawayDatabase();
  open = openTestPool(database.url, { maxConnections: 1, queryTimeoutMs: 2_000 });
  await query(open.pool, 'CREATE TABLE note (id uuid PRIMARY KEY, at timestamptz, count bigint, text text)');
});

afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await query(open.pool, 'TRUNCATE note');
});

interface Note {
  readonly id: string;
  readonly atMs: number;
  readonly count: number | bigint;
  readonly text: string;
}

const note = (more: Partial<Note> = {}): Note => ({ id: randomUUID(), atMs: 0, count: 0, text: '', ...more });

function toRows(notes: readonly Note[]): Buffer {
  const rowBytes = COPY_ROW_BYTES + 4 * COPY_COLUMN_BYTES + 16 + 8 + 8;
  const textBytes = notes.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const rows = new CopyRows(Buffer.alloc(COPY_FRAME_BYTES + notes.length * rowBytes + textBytes));
  for (const { id, atMs, count, text } of notes) {
    rows.row(4);
    rows.uuid(Buffer.from(`>${id}`), 1);
    rows.timestamp(atMs);
    rows.int64(count);
    const bytes = Buffer.from(text);
    rows.bytes(bytes, 0, bytes.length);
  }
  return rows.finish();
}

const store = (notes: readonly Note[]) => withClient(open.pool, (client) => copyIn(client, COPY, toRows(notes)));

test('rows arrive as they were written, the smallest and the largest', async () => {
  const notes = [
    note({ atMs: Date.UTC(1970, 0, 1), text: 'short' }),
    note({
      atMs: Date.UTC(2026, 1, 3, 4, 5, 6, 789),
      count: 2 ** 40 + 3,
      text: 'é'.repeat(5_000),
      id: randomUUID().toUpperCase(),
    }),
    note({ atMs: Date.UTC(9999, 11, 31, 23, 59, 59, 999), count: 2n ** 63n - 1n }),
    note({ atMs: Date.UTC(1999, 11, 31), count: -1 }),
  ];
  await store(notes);
  const { rows } = await query(open.pool, 'SELECT id, at, count, text FROM note');
  expect(rows).toEqual(
    notes.map(({ id, atMs, count, text }) => ({
      id: id.toLowerCase(),
      at: new Date(atMs),
      count: String(count),
      text,
    })),
  );
});

test('no rows are fine', async () => {
  await store([]);
  expect(await count()).toBe(0);
});

test('one row that breaks a rule keeps all away, and the connection is used again', async () => {
  const twice = note();
  await expect(store([note(), twice, twice])).rejects.toSatisfy((error) => isSqlState(error, 'UNIQUE_VIOLATION'));
  expect(await count()).toBe(0);
  await store([twice]);
  expect(await count()).toBe(1);
});

test('a statement that is no COPY, and one that Postgres does not take, fail', async () => {
  await expect(
    withClient(open.pool, (client) => copyIn(client, 'COPY missing FROM STDIN (FORMAT binary)', toRows([]))),
  ).rejects.toSatisfy((error) => isSqlState(error, 'UNDEFINED_TABLE'));
  expect(await count()).toBe(0);
});

test('rows are part of the transaction around them', async () => {
  const failed = withTransaction(open.pool, async (client) => {
    await copyIn(client, COPY, toRows([note()]));
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await count()).toBe(0);
});

test('a COPY that waits too long is DATABASE_TIMEOUT, and the connection is used again', async () => {
  await using blocked = openTestPool(database.url, { maxConnections: 1, queryTimeoutMs: 100 });
  const lock = await open.pool.connect();
  await lock.query('BEGIN; LOCK TABLE note');
  const waiting = withClient(blocked.pool, (client) => copyIn(client, COPY, toRows([note()])));
  await expect(waiting).rejects.toMatchObject({ reason: 'DATABASE_TIMEOUT' });
  await lock.query('ROLLBACK');
  lock.release();
  await withClient(blocked.pool, (client) => copyIn(client, COPY, toRows([note()])));
  expect(await count()).toBe(1);
});

test('a connection that is lost under a COPY is DATABASE_UNAVAILABLE', async () => {
  await using other = openTestPool(database.url, { maxConnections: 1 });
  const lock = await open.pool.connect();
  await lock.query('BEGIN; LOCK TABLE note');
  const waiting = withClient(other.pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await Promise.all([
      copyIn(client, COPY, toRows([note()])),
      lock.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]),
    ]);
  });
  await expect(waiting).rejects.toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
  await lock.query('ROLLBACK');
  lock.release();
});

test('rows that are longer than their buffer are a bug', () => {
  const rows = new CopyRows(Buffer.alloc(COPY_FRAME_BYTES + COPY_COLUMN_BYTES));
  expect(() => {
    rows.bytes(Buffer.alloc(50), 0, 50);
    rows.finish();
  }).toThrow();
});

async function count(): Promise<number> {
  const { rows } = await query<{ count: number }>(open.pool, 'SELECT count(*)::int AS count FROM note');
  return rows[0]?.count ?? -1;
}
