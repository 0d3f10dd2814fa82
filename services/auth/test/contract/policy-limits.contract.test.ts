import { afterAll, describe, expect, test } from 'vitest';

import { PRINCIPAL_BYTES_MAX } from '../../src/domain/user.ts';
import { newKey, startWorld } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { policy, keys, auth, operator } = world;

async function permissionsOf(secret: string) {
  const { principal } = await auth.authenticate({ credential: { $case: 'apiKey', value: secret } });
  return principal?.permissions;
}

async function createUserWith(userId: string, user: { roles?: readonly string[]; permissions?: readonly string[] }) {
  await policy.putUser({ user: { userId, roles: [], permissions: [], ...user } }, operator);
  const { secret } = await keys.createApiKey(newKey({ name: userId, userId }), operator);
  return secret;
}

describe('what a user may do fits into an assertion', () => {
  // With quotes and a comma, 64 bytes each.
  const wide = (count: number) => Array.from({ length: count }, (_, i) => `tools/${String(i).padStart(50, 'x')}:read`);
  const tooMany = PRINCIPAL_BYTES_MAX / 64;
  const refusal = { code: 'INVALID_ARGUMENT', reason: 'PERMISSIONS_TOO_LARGE' };

  test('up to the limit, and the caller is then really accepted', async () => {
    const permissions = ['policy:read', ...wide(tooMany - 2)];
    const secret = await createUserWith('full', { permissions });
    const caller = await world.callerOf(secret);
    await expect(policy.listRoles({}, caller)).resolves.toBeDefined();
  });

  test('or the change is refused as a whole: direct permissions, a role, a grant, a new user', async () => {
    const user = { userId: 'over', roles: [], permissions: wide(tooMany) };
    await expect(policy.putUser({ user }, operator)).rejects.toMatchObject(refusal);

    await policy.putRole({ role: { name: 'wide', permissions: wide(3) } }, operator);
    const secret = await createUserWith('holder', { roles: ['wide'] });
    const role = { name: 'wide', permissions: wide(tooMany) };
    await expect(policy.putRole({ role }, operator)).rejects.toMatchObject({
      ...refusal,
      metadata: { userId: 'holder' },
    });
    expect(await permissionsOf(secret)).toHaveLength(3);

    await createUserWith('granted', { permissions: wide(tooMany - 1) });
    const grant = { userId: 'granted', resource: 'tools/'.padEnd(60, 'y'), action: 'read' };
    await expect(policy.putGrant({ grant }, operator)).rejects.toMatchObject(refusal);

    await policy.putRole({ role: { name: 'unheld', permissions: wide(tooMany - 1) } }, operator);
    await policy.putRole(
      { role: { name: 'unheld-too', permissions: ['b:'.padEnd(60, 'z'), 'c:'.padEnd(60, 'z')] } },
      operator,
    );
    const key = newKey({ name: 'overfull', roles: ['unheld', 'unheld-too'] });
    await expect(keys.createApiKey(key, operator)).rejects.toMatchObject(refusal);
  });
});

describe('nobody gives away more than they have', async () => {
  const { caller } = await world.createUser('deputy', [
    'policy:*',
    'tools/echo:execute',
    'resources/file:///srv/docs:read',
  ]);
  const refusal = { code: 'PERMISSION_DENIED', reason: 'PERMISSION_ESCALATION' };

  test.each([
    '*:*',
    'tools:execute',
    'tools/echo:*',
    'tools/echo2:execute',
    '*:execute',
    'resources/file:///srv/docs-old:read',
  ])('by a role, a user or a grant with %s', async (permission) => {
    const [resource, action] = [
      permission.slice(0, permission.lastIndexOf(':')),
      permission.slice(permission.lastIndexOf(':') + 1),
    ];
    const user = { userId: 'deputy', roles: [], permissions: [permission] };
    await expect(policy.putUser({ user }, caller)).rejects.toMatchObject(refusal);
    await expect(policy.putRole({ role: { name: 'evil', permissions: [permission] } }, caller)).rejects.toMatchObject(
      refusal,
    );
    const grant = { userId: 'deputy', resource, action };
    await expect(policy.putGrant({ grant }, caller)).rejects.toMatchObject(refusal);
  });

  test('by a role that others made', async () => {
    const user = { userId: 'deputy', roles: ['admin'], permissions: [] };
    await expect(policy.putUser({ user }, caller)).rejects.toMatchObject(refusal);
  });

  test('but parts of what they have', async () => {
    const permissions = ['policy:read', 'tools/echo:execute', 'resources/file:///srv/docs/a.md:read'];
    await expect(policy.putRole({ role: { name: 'fine', permissions } }, caller)).resolves.toEqual({});
    await expect(policy.putUser({ user: { userId: 'fine', roles: ['fine'], permissions } }, caller)).resolves.toEqual(
      {},
    );
  });
});
