import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { createPool, migrate, type Pool, query } from '@gantry/postgres';
import { createTestDatabase, silentLogger, testPlatform } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { createPgAuditStore } from '../../src/store/pg-audit-store.ts';

const SQL = new URL('../../sql/', import.meta.url);

/** What auth appended with before there was one index. */
const OLD_APPEND = `
  insert into auth.audit_events
    (tenant_id, event_id, occurred_at, user_id, credential_id, method, target, outcome, reason, params_sha256,
     duration_micros, trace_id, request_id, transport, client_address)
  select 'default', event_id, $2, 'ann', '', 'ping', '', 'success', '', '', 1, '', 'r', 'http', ''
  from unnest($1::uuid[]) as event_id
  on conflict do nothing`;

const moment = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

/** A database whose schema is that of a release before. */
async function startBefore(file: string) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const { metrics } = testPlatform('auth');
  const logger = silentLogger();
  const connection = { connectionString: database.url, applicationName: 'test', logger, metrics };
  const pool = stack.adopt(createPool(connection), (it) => it.end());
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'gantry-sql-')), (it) => rm(it, { recursive: true }));
  const files = await readdir(SQL);
  for (const name of files.filter((candidate) => candidate < file))
    await copyFile(new URL(name, SQL), join(folder, name));
  await migrate({ pool, schema: 'auth', directory: pathToFileURL(`${folder}/`), logger });
  const running = stack.move();
  return {
    pool,
    upgrade: () => migrate({ pool, schema: 'auth', directory: SQL, logger }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const list = (pool: Pool) =>
  createPgAuditStore({ pool, appendPool: pool }).list({
    tenantId: 'default',
    beforeMs: undefined,
    method: undefined,
    outcome: undefined,
    limit: 1_000,
  });

test('a table with events gets its new index, and code of the release before goes on appending to it', async () => {
  await using before = await startBefore('000005');
  const { pool, upgrade } = before;
  const old = Array.from({ length: 500 }, () => randomUUID());
  await query(pool, OLD_APPEND, [old, moment(1)]);
  await upgrade();
  expect(await list(pool)).toHaveLength(500);

  const later = [randomUUID(), randomUUID()];
  await query(pool, OLD_APPEND, [later, moment(2)]);
  await query(pool, OLD_APPEND, [later, moment(2)]);
  await query(pool, OLD_APPEND, [old, moment(1)]);
  const events = await list(pool);
  expect(events.map(({ eventId }) => eventId)).toEqual([
    ...later.toSorted().toReversed(),
    ...old.toSorted().toReversed(),
  ]);
});

test('the newest events of a tenant are read from the index, without sorting', async () => {
  await using before = await startBefore('000005');
  const { pool, upgrade } = before;
  await upgrade();
  const some = () => Array.from({ length: 5_000 }, () => randomUUID());
  for (const second of [1, 2, 3]) await query(pool, OLD_APPEND, [some(), moment(second)]);
  await query(pool, 'analyze auth.audit_events');
  const { rows } = await query<{ 'QUERY PLAN': string }>(
    pool,
    `explain select event_id from auth.audit_events where tenant_id = 'default' and occurred_at < $1
     order by occurred_at desc, event_id desc limit 100`,
    [moment(3)],
  );
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index');
  expect(plan).toContain('Backward');
  expect(plan).not.toContain('Sort');
});
