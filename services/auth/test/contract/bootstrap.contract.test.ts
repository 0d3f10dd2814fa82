import { generateApiKey } from '@gantry/identity';
import { createTestDatabase } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { newKey, type Replica, startReplica, startWorld, tamper } from '../auth-world.ts';

function authenticate({ auth }: Pick<Replica, 'auth'>, apiKey: string) {
  return auth.authenticate({ credential: { $case: 'apiKey', value: apiKey } });
}

test('the bootstrap key is an administrator of the tenant default without a rate limit', async () => {
  await using world = await startWorld();
  const { principal } = await authenticate(world, world.operatorKey);
  expect(principal).toMatchObject({
    tenantId: 'default',
    userId: 'admin',
    roles: ['admin'],
    permissions: ['*:*'],
    requestsPerMinute: 0,
  });
});

test('replicas that start at the same time on an empty database make it once', async () => {
  await using database = await createTestDatabase();
  await using stack = new AsyncDisposableStack();
  const bootstrapApiKey = generateApiKey().secret;
  const start = () => startReplica({ databaseUrl: database.url, bootstrapApiKey });
  const replicas = await Promise.all([start(), start(), start()]);
  for (const replica of replicas) stack.use(replica);
  const answers = await Promise.all(replicas.map((replica) => authenticate(replica, bootstrapApiKey)));
  const [first] = replicas;
  const { keys } = await first.keys.listApiKeys({}, { assertion: answers[0]?.assertion });
  expect(keys).toHaveLength(1);
});

test('it stays as it is at the next start: also revoked, also when its id comes with another secret', async () => {
  await using world = await startWorld();
  const { databaseUrl, operatorKey, operator } = world;
  {
    await using again = await startReplica({ databaseUrl, bootstrapApiKey: tamper(operatorKey) });
    await expect(authenticate(again, operatorKey)).resolves.toBeDefined();
    await expect(authenticate(again, tamper(operatorKey))).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
  }
  const { keys } = await world.keys.listApiKeys({}, operator);
  await world.keys.createApiKey(newKey({ name: 'next', userId: 'admin' }), operator);
  await world.keys.revokeApiKey({ keyId: keys[0]?.keyId ?? '' }, operator);
  await using later = await startReplica({ databaseUrl, bootstrapApiKey: operatorKey });
  await expect(authenticate(later, operatorKey)).rejects.toMatchObject({ reason: 'CREDENTIAL_REVOKED' });
});

test('a new bootstrap key lets an operator back in who took the role from admin', async () => {
  await using world = await startWorld();
  const { databaseUrl, operator } = world;
  await world.policy.putUser({ user: { userId: 'admin', roles: ['reader'], permissions: ['a:b'] } }, operator);
  const bootstrapApiKey = generateApiKey().secret;
  await using again = await startReplica({ databaseUrl, bootstrapApiKey });
  const { principal } = await authenticate(again, bootstrapApiKey);
  expect(principal?.roles).toEqual(['admin', 'reader']);
  expect(principal?.permissions).toEqual(expect.arrayContaining(['*:*', 'a:b', 'context:read']));
});
