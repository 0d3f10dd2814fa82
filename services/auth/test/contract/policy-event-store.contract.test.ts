import { createPool, withTransaction } from '@gantry/postgres';
import { testPlatform } from '@gantry/testkit';
import { afterAll, expect, test } from 'vitest';

import { keepHouse } from '../../src/housekeeping.ts';
import { createPgPolicyEventStore, insertPolicyEvents } from '../../src/store/pg-policy-event-store.ts';
import { createPgSigningKeyStore } from '../../src/store/pg-signing-key-store.ts';
import { startWorld } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const events = createPgPolicyEventStore(world.pool);
const changed = { kind: 'tenant_policy_changed' } as const;

test('a reader that goes on after the last id misses nothing, whoever commits first', async () => {
  const { logger, metrics } = testPlatform('writer');
  const pool = createPool({ connectionString: world.databaseUrl, applicationName: 'writer', logger, metrics });
  const before = await events.latestId();
  const started = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const slow = withTransaction(pool, async (client) => {
    await insertPolicyEvents(client, 'slow', [changed]);
    started.resolve();
    await released.promise;
  });
  await started.promise;
  // Without the lock this one would take the next id, commit first, and take the reader past the slow one.
  const fast = withTransaction(pool, (client) => insertPolicyEvents(client, 'fast', [changed]));
  expect(await events.listAfter(before, 10)).toEqual([]);
  released.resolve();
  await Promise.all([slow, fast]);
  const read = await events.listAfter(before, 10);
  expect(read.map(({ tenantId }) => tenantId)).toEqual(['slow', 'fast']);
  expect(await events.latestId()).toBe(read.at(-1)?.id);
  expect(await events.listAfter(before, 1)).toHaveLength(1);
  await pool.end();
});

test('housekeeping deletes what is old, in portions, and nothing else', async () => {
  const keys = createPgSigningKeyStore(world.pool);
  await world.sql('delete from auth.policy_events');
  const add = (tenant: string, age: string) =>
    world.sql(
      `insert into auth.policy_events (kind, tenant_id, credential_id, occurred_at)
       values ('tenant_policy_changed', $1, '', now() - $2::interval)`,
      [tenant, age],
    );
  await add('ancient', '1 day');
  await add('old', '61 minutes');
  await add('recent', '59 minutes');
  await keys.publish({ keyId: 'expired', publicKey: new Uint8Array(32), expiresAtMs: Date.now() - 1 }, 0);
  const tenants = async () => (await events.listAfter(0n, 10)).map(({ tenantId }) => tenantId);

  await events.purge(Date.now() - 3_600_000, 1);
  expect(await tenants()).toEqual(['old', 'recent']);
  await keepHouse({ events, keys, clock: { now: () => Date.now() } });
  expect(await tenants()).toEqual(['recent']);
  const { rows } = await world.sql('select key_id from auth.signing_keys');
  expect(rows.map((row) => row['key_id'])).not.toContain('expired');
  expect(rows).toHaveLength(1);
});

test('the newest id of an empty table is 0', async () => {
  await world.sql('delete from auth.policy_events');
  expect(await events.latestId()).toBe(0n);
});
