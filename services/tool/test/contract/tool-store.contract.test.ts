import { createPool, migrate, query } from '@gantry/postgres';
import { createTestDatabase, testPlatform } from '@gantry/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { definitionHash } from '../../src/store/definition-hash.ts';
import { PgToolStore, TOOLS_MAX } from '../../src/store/pg-tool-store.ts';
import { sampleTool } from '../sample-tool.ts';

const stack = new AsyncDisposableStack();
let pool: ReturnType<typeof createPool>;
let store: PgToolStore;

beforeAll(async () => {
  const database = stack.use(await createTestDatabase());
  const { logger, metrics } = testPlatform('test');
  const connection = { connectionString: database.url, applicationName: 'test', logger, metrics };
  pool = stack.adopt(createPool(connection), (it) => it.end());
  await migrate({ pool, schema: 'tool', directory: new URL('../../sql/', import.meta.url), logger });
  store = new PgToolStore(pool);
});

afterAll(() => stack.disposeAsync());

beforeEach(async () => void (await query(pool, 'TRUNCATE tool.tools')));

const definitionOf = (name: string, description = 'Shared.') => sampleTool({ name, description }).definition;

interface Row {
  readonly tenantId: string;
  readonly name: string;
  readonly description?: string;
  readonly enabled?: boolean;
}

async function insert({ tenantId, name, description = 'Own.', enabled = true }: Row): Promise<void> {
  const definition = definitionOf(name, description);
  await query(
    pool,
    `INSERT INTO tool.tools (tenant_id, name, definition, definition_sha256, enabled) VALUES ($1, $2, $3, $4, $5)`,
    [tenantId, name, JSON.stringify(definition), definitionHash(definition), enabled],
  );
}

/** Every row with what tells one version of it from another. */
async function rows() {
  const { rows: found } = await query<{ name: string; version: string; updated_at: Date; hash: string }>(
    pool,
    `SELECT name, xmin::text AS version, updated_at, encode(definition_sha256, 'hex') AS hash FROM tool.tools ORDER BY name`,
  );
  return found;
}

test('what is put for every tenant is loaded by any tenant, in order of name, whole', async () => {
  const whole = sampleTool({
    name: 'a.b-c_D',
    outputSchema: { type: 'object', properties: { n: { type: 'number' } } },
    annotations: { title: 'T', readOnlyHint: true },
    timeoutMs: 1_234,
  }).definition;
  await store.putShared([definitionOf('z'), definitionOf('B'), whole, definitionOf('_')]);
  expect(await store.loadTools('anybody')).toEqual(
    [definitionOf('B'), definitionOf('_'), whole, definitionOf('z')].map((definition) => ({
      definition,
      isEnabled: true,
    })),
  );
});

test('an empty catalog loads as one', async () => {
  await store.putShared([]);
  expect(await store.loadTools('anybody')).toEqual([]);
});

test("a tenant's own row stands before the shared one, and is nobody else's", async () => {
  await store.putShared([definitionOf('echo'), definitionOf('time')]);
  await insert({ tenantId: 'one', name: 'echo', description: 'As one wants it.' });
  await insert({ tenantId: 'one', name: 'extra' });
  await insert({ tenantId: 'two', name: 'time', enabled: false });
  const seenBy = async (tenantId: string) =>
    (await store.loadTools(tenantId)).map(({ definition, isEnabled }) => [
      definition.name,
      definition.description,
      isEnabled,
    ]);
  expect(await seenBy('one')).toEqual([
    ['echo', 'As one wants it.', true],
    ['extra', 'Own.', true],
    ['time', 'Shared.', true],
  ]);
  expect(await seenBy('two')).toEqual([
    ['echo', 'Shared.', true],
    ['time', 'Own.', false],
  ]);
});

test('rows that do not change are left alone, rows that do are written', async () => {
  await store.putShared([definitionOf('same'), definitionOf('changed')]);
  const [changed, same] = await rows();
  await store.putShared([definitionOf('changed', 'New.'), definitionOf('same')]);
  const [changedNow, sameNow] = await rows();
  expect(sameNow).toEqual(same);
  expect(changedNow?.hash).not.toBe(changed?.hash);
  expect(changedNow?.updated_at.getTime()).toBeGreaterThanOrEqual(changed?.updated_at.getTime() ?? Infinity);
  expect(changedNow?.version).not.toBe(changed?.version);
  expect((await store.loadTools('anybody'))[0]?.definition.description).toBe('New.');
});

test('a shared tool that was disabled stays so when a new version is put', async () => {
  await store.putShared([definitionOf('echo')]);
  await query(pool, `UPDATE tool.tools SET enabled = false`);
  await store.putShared([definitionOf('echo', 'New.')]);
  expect(await store.loadTools('anybody')).toEqual([{ definition: definitionOf('echo', 'New.'), isEnabled: false }]);
});

test('replicas that start together agree, and none waits for another forever', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `tool_${i}`);
  const definitions = names.map((name) => definitionOf(name));
  const orders = [definitions, definitions.toReversed(), definitions.slice(25).concat(definitions.slice(0, 25))];
  await Promise.all([...orders, ...orders.slice(0, 2)].map((order) => store.putShared(order)));
  const first = await rows();
  expect(first).toHaveLength(50);
  const changed = orders.map((order) => order.map(({ name }) => definitionOf(name, 'New.')));
  await Promise.all([...changed, ...changed.slice(0, 2)].map((order) => store.putShared(order)));
  const loaded = await store.loadTools('anybody');
  expect(loaded.map(({ definition }) => definition.description)).toEqual(names.map(() => 'New.'));
  const second = await rows();
  await Promise.all(changed.map((order) => store.putShared(order)));
  expect(await rows()).toEqual(second);
});

test('a catalog is loaded up to a thousand tools', async () => {
  const names = Array.from({ length: TOOLS_MAX + 1 }, (_, i) => `tool_${String(i).padStart(4, '0')}`);
  await store.putShared(names.map((name) => definitionOf(name)));
  const loaded = await store.loadTools('anybody');
  expect(loaded.map(({ definition }) => definition.name)).toEqual(names.slice(0, TOOLS_MAX));
});

test.each(['', 'a b', 'a/b', 'ü', 'a'.repeat(129)])('a tool cannot be named %j', async (name) => {
  await expect(store.putShared([definitionOf(name)])).rejects.toThrow();
  expect(await store.loadTools('anybody')).toEqual([]);
});

test.each(["'; DROP TABLE tool.tools; --", '*', ''])('%j is a tenant like any other', async (tenantId) => {
  await store.putShared([definitionOf('echo')]);
  expect(await store.loadTools(tenantId)).toHaveLength(1);
});
