import { once } from 'node:events';
import { createServer } from 'node:net';

import { createLogger } from '@gantry/telemetry';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createThrowawayDatabase, openTestPool } from '../test/throwaway-database.ts';
import type { ThrowawayDatabase } from '../test/throwaway-database.ts';
import { query, withClient } from './with-client.ts';

/** Longer than any test: nothing waits that long unless it is broken. */
const PATIENCE_MS = 60_000;

let database: ThrowawayDatabase;

beforeAll(async () => {
  database = await createThrowawayDatabase();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

test('a pool says who it is, and limits statements and idle transactions', async () => {
  await using open = openTestPool(database.url, { applicationName: 'tool', queryTimeoutMs: 1_234 });
  const settings = ['application_name', 'statement_timeout', 'idle_in_transaction_session_timeout'];
  const { rows } = await query(
    open.pool,
    `SELECT ${settings.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`,
  );
  expect(rows).toEqual([
    { application_name: 'tool', statement_timeout: '1234ms', idle_in_transaction_session_timeout: '15s' },
  ]);
});

test('values are bound, not spliced', async () => {
  await using open = openTestPool(database.url);
  const { rows } = await query(open.pool, 'SELECT $1::text AS value', [`'; DROP TABLE x; --`]);
  expect(rows).toEqual([{ value: `'; DROP TABLE x; --` }]);
});

test('a statement that takes too long is DATABASE_TIMEOUT, and the connection stays usable', async () => {
  await using open = openTestPool(database.url, { queryTimeoutMs: 50, maxConnections: 1 });
  const pid = await backendPid(open.pool);
  await expect(query(open.pool, 'SELECT pg_sleep(60)')).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DATABASE_TIMEOUT',
  });
  const slow = withClient(open.pool, (client) => client.query('SELECT pg_sleep(60)'));
  await expect(slow).rejects.toMatchObject({ reason: 'DATABASE_TIMEOUT' });
  expect(pid).toBeTypeOf('number');
  expect(await backendPid(open.pool)).toBeTypeOf('number');
});

test('a full pool refuses the next caller as DATABASE_UNAVAILABLE, and serves again once a connection is back', async () => {
  await using open = openTestPool(database.url, { maxConnections: 2, connectionTimeoutMs: PATIENCE_MS });
  const held = [await open.pool.connect(), await open.pool.connect()];
  // Only now: a busy machine may take longer to open a connection.
  open.pool.options.connectionTimeoutMillis = 50;
  await expect(query(open.pool, 'SELECT 1')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'DATABASE_UNAVAILABLE',
    retryAfterMs: 1_000,
  });
  for (const client of held) client.release();
  expect((await query(open.pool, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

test('an idle connection that is lost is counted and replaced, and the process goes on', async () => {
  await using open = openTestPool(database.url);
  const pid = await backendPid(open.pool);
  const lost = once(open.pool, 'error');
  await database.run(`SELECT pg_terminate_backend(${pid})`);
  // `once` rejects on an event called "error"; here it is what we wait for.
  await lost.catch(() => undefined);
  expect(await open.metrics.metrics()).toContain(
    'gantry_postgres_pool_idle_errors_total{pool="pool-test",service="test"} 1',
  );
  expect(await backendPid(open.pool)).not.toBe(pid);
});

test('the log of a lost connection has its message and code, never its client; once the pool is ending there is none', async () => {
  const lines: string[] = [];
  const logger = createLogger({ service: 'test', level: 'debug', destination: { write: (line) => lines.push(line) } });
  const open = openTestPool(database.url, { logger });
  const pid = await backendPid(open.pool);
  const lost = once(open.pool, 'error').catch(() => undefined);
  await database.run(`SELECT pg_terminate_backend(${pid})`);
  await lost;
  await backendPid(open.pool);
  const ending = open.pool.end();
  open.pool.emit('error', new Error('terminating connection due to administrator command'));
  await ending;
  expect(lines.filter((line) => line.includes('idle')).map((line): unknown => JSON.parse(line))).toMatchObject([
    { level: 'warn', pool: 'pool-test', err: { code: '57P01', message: expect.stringContaining('terminating') } },
  ]);
  expect(lines.join('')).not.toMatch(/secretKey|"client"|"stack"/);
});

test('a connection lost in use is DATABASE_UNAVAILABLE for its user and is not given to the next', async () => {
  await using open = openTestPool(database.url, { maxConnections: 1 });
  let lostPid = 0;
  const use = withClient(open.pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    lostPid = rows[0]?.pid ?? 0;
    await database.run(`SELECT pg_terminate_backend(${lostPid})`);
    return client.query('SELECT 1');
  });
  await expect(use).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
  expect(await backendPid(open.pool)).not.toBe(lostPid);
});

test('a server that is not there, and one that never answers, are DATABASE_UNAVAILABLE', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined).resume());
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `postgres://nobody@127.0.0.1:${port}/none`;
  {
    await using open = openTestPool(url, { connectionTimeoutMs: 50 });
    await expect(query(open.pool, 'SELECT 1')).rejects.toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
  }
  silent.close();
  await once(silent, 'close');
  await using open = openTestPool(url);
  await expect(withClient(open.pool, () => Promise.resolve())).rejects.toMatchObject({
    reason: 'DATABASE_UNAVAILABLE',
  });
});

test('the gauges show total, idle and waiting, for several pools of one registry', async () => {
  await using open = openTestPool(database.url, {
    maxConnections: 1,
    applicationName: 'first',
    connectionTimeoutMs: PATIENCE_MS,
  });
  await using other = openTestPool(database.url, { metrics: open.metrics, applicationName: 'second' });
  await query(other.pool, 'SELECT 1');
  const held = Promise.withResolvers<void>();
  const holder = withClient(open.pool, () => held.promise);
  const waiter = query(open.pool, 'SELECT 1');
  await expect.poll(() => open.metrics.metrics()).toContain('{pool="first",state="waiting",service="test"} 1');
  const text = await open.metrics.metrics();
  expect(text).toContain('gantry_postgres_pool_connections{pool="first",state="total",service="test"} 1');
  expect(text).toContain('gantry_postgres_pool_connections{pool="first",state="idle",service="test"} 0');
  expect(text).toContain('gantry_postgres_pool_connections{pool="second",state="idle",service="test"} 1');
  held.resolve();
  await Promise.all([holder, waiter]);
});

async function backendPid(pool: Parameters<typeof query>[0]): Promise<number | undefined> {
  const { rows } = await query<{ pid: number }>(pool, 'SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}
