import type { CallOptions } from '@gantry/rpc';
import { afterAll, describe, expect, test } from 'vitest';

import { PERMISSIONS_PER_ROLE_MAX, ROLES_PER_TENANT_MAX } from '../../src/domain/role.ts';
import { TENANTS_PER_PAGE_MAX } from '../../src/domain/tenant.ts';
import { createTenantWithAdmin, newKey, startWorld } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { policy, keys, auth, operator } = world;
const globex = await createTenantWithAdmin(world, 'globex');

async function permissionsOf(secret: string) {
  const { principal } = await auth.authenticate({ credential: { $case: 'apiKey', value: secret } });
  return principal?.permissions;
}

async function createUserWith(userId: string, user: { roles?: readonly string[]; permissions?: readonly string[] }) {
  await policy.putUser({ user: { userId, roles: [], permissions: [], ...user } }, operator);
  const { secret } = await keys.createApiKey(newKey({ name: userId, userId }), operator);
  return secret;
}

describe('createTenant', () => {
  test('makes a tenant with the built-in roles', async () => {
    const { roles } = await policy.listRoles({}, globex.caller);
    expect(roles).toEqual([
      { name: 'admin', permissions: ['*:*'] },
      {
        name: 'agent',
        permissions: [
          'context:read',
          'resources:read',
          'sessions:read',
          'sessions:write',
          'tools:execute',
          'tools:read',
        ],
      },
      {
        name: 'reader',
        permissions: ['context:read', 'documents:read', 'resources:read', 'sessions:read', 'tools:read'],
      },
    ]);
  });

  test('gives the key of an administrator of that tenant, and of no other', async () => {
    const { principal } = await world.auth.authenticate({ credential: { $case: 'apiKey', value: globex.secret } });
    expect(principal).toMatchObject({ tenantId: 'globex', userId: 'admin', roles: ['admin'], requestsPerMinute: 60 });
  });

  test('refuses an id that is taken', async () => {
    const again = policy.createTenant({ tenant: { tenantId: 'globex', displayName: '' } }, operator);
    await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS', reason: 'TENANT_EXISTS' });
  });

  test.each(['', 'Acme', '1st', 'a_b', 'x'.repeat(64), `a'; drop schema auth`, 'a\0'])(
    'refuses the id %j',
    async (tenantId) => {
      await expect(policy.createTenant({ tenant: { tenantId, displayName: '' } }, operator)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        fieldViolations: [{ field: 'tenant.tenant_id' }],
      });
    },
  );

  test('refuses no tenant at all, and a name that is too long', async () => {
    await expect(policy.createTenant({ tenant: undefined }, operator)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    const tenant = { tenantId: 'ok', displayName: 'x'.repeat(201) };
    await expect(policy.createTenant({ tenant }, operator)).rejects.toMatchObject({
      fieldViolations: [{ field: 'tenant.display_name' }],
    });
  });

  test('is for operators: an administrator of another tenant may not', async () => {
    const tenant = { tenantId: 'sneaky', displayName: '' };
    const denied = { code: 'PERMISSION_DENIED', reason: 'PERMISSION_DENIED', metadata: { requiredPermission: '*:*' } };
    await expect(policy.createTenant({ tenant }, globex.caller)).rejects.toMatchObject(denied);
    await expect(policy.listTenants({ pageToken: '' }, globex.caller)).rejects.toMatchObject(denied);
    const { caller } = await world.createUser('almost', ['policy:*', '*:read', '*:write']);
    await expect(policy.createTenant({ tenant }, caller)).rejects.toMatchObject(denied);
  });
});

describe('listTenants', () => {
  test('lists tenants by id, page by page', async () => {
    await world.sql(
      `insert into auth.tenants (tenant_id, display_name, created_at)
       select 't' || lpad(n::text, 6, '0'), '', now() from generate_series(1, $1) n`,
      [TENANTS_PER_PAGE_MAX],
    );
    const first = await policy.listTenants({ pageToken: '' }, operator);
    expect(first.tenants).toHaveLength(TENANTS_PER_PAGE_MAX);
    const second = await policy.listTenants({ pageToken: first.nextPageToken }, operator);
    expect(second.nextPageToken).toBe('');
    const ids = [...first.tenants, ...second.tenants].map((tenant) => tenant.tenantId);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(ids).toEqual(expect.arrayContaining(['default', 'globex', 't000001', 't001000']));
  });

  test('refuses a page token that it never gave', async () => {
    await expect(policy.listTenants({ pageToken: '%00' }, operator)).rejects.toMatchObject({
      fieldViolations: [{ field: 'page_token' }],
    });
  });
});

describe('putRole', () => {
  test('makes a role and replaces its permissions, for its holders at once', async () => {
    await policy.putRole({ role: { name: 'writer', permissions: ['documents:write', 'a:b', 'a:b'] } }, operator);
    const secret = await createUserWith('writer', { roles: ['writer'] });
    expect(await permissionsOf(secret)).toEqual(['a:b', 'documents:write']);
    await policy.putRole({ role: { name: 'writer', permissions: ['documents:read'] } }, operator);
    expect(await permissionsOf(secret)).toEqual(['documents:read']);
  });

  test.each(['tools', ':read', 'tools:Read', 'to ols:read', 'a\0:read', `${'x'.repeat(2_200)}:read`])(
    'refuses the permission %j',
    async (permission) => {
      const role = { name: 'bad', permissions: ['a:b', permission] };
      await expect(policy.putRole({ role }, operator)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        fieldViolations: [{ field: 'role.permissions[1]' }],
      });
    },
  );

  test('refuses more permissions than a role may have, and a bad name', async () => {
    const permissions = Array.from({ length: PERMISSIONS_PER_ROLE_MAX + 1 }, () => 'a:b');
    await expect(policy.putRole({ role: { name: 'big', permissions } }, operator)).rejects.toMatchObject({
      fieldViolations: [{ field: 'role.permissions' }],
    });
    await expect(policy.putRole({ role: { name: 'Big', permissions: [] } }, operator)).rejects.toMatchObject({
      fieldViolations: [{ field: 'role.name' }],
    });
    await expect(policy.putRole({ role: undefined }, operator)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('refuses to change a built-in role', async () => {
    await expect(policy.putRole({ role: { name: 'reader', permissions: ['a:b'] } }, operator)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'ROLE_BUILT_IN',
    });
    await expect(policy.deleteRole({ name: 'admin' }, operator)).rejects.toMatchObject({ reason: 'ROLE_BUILT_IN' });
  });

  test('refuses more roles than a tenant may have, but goes on replacing those there are', async () => {
    const initech = await createTenantWithAdmin(world, 'initech');
    await world.sql(
      `insert into auth.roles (tenant_id, name, permissions) select 'initech', 'r' || n, '{}' from generate_series(4, $1) n`,
      [ROLES_PER_TENANT_MAX],
    );
    await expect(policy.putRole({ role: { name: 'more', permissions: [] } }, initech.caller)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'ROLES_EXHAUSTED',
    });
    await policy.putRole({ role: { name: 'r4', permissions: ['a:b'] } }, initech.caller);
    const { roles } = await policy.listRoles({}, initech.caller);
    expect(roles).toHaveLength(ROLES_PER_TENANT_MAX);
    expect(roles.find((role) => role.name === 'r4')?.permissions).toEqual(['a:b']);
  });
});

describe('deleteRole', () => {
  test('takes its permissions from its holders', async () => {
    await policy.putRole({ role: { name: 'brief', permissions: ['a:b'] } }, operator);
    const secret = await createUserWith('brief', { roles: ['brief'], permissions: ['c:d'] });
    expect(await permissionsOf(secret)).toEqual(['a:b', 'c:d']);
    await policy.deleteRole({ name: 'brief' }, operator);
    expect(await permissionsOf(secret)).toEqual(['c:d']);
    await expect(policy.deleteRole({ name: 'brief' }, operator)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'ROLE_NOT_FOUND',
      message:
        'there is no role named "brief" in your tenant; every tenant has admin, agent, reader, and roles/list shows the others',
    });
  });

  test('does not reach the role of another tenant', async () => {
    await policy.putRole({ role: { name: 'ours', permissions: [] } }, operator);
    await expect(policy.deleteRole({ name: 'ours' }, globex.caller)).rejects.toMatchObject({
      reason: 'ROLE_NOT_FOUND',
    });
    await expect(policy.deleteRole({ name: `ours' or 'a'='a` }, globex.caller)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('putUser', () => {
  test('replaces roles and direct permissions, and leaves grants', async () => {
    const secret = await createUserWith('dora', { roles: ['reader'], permissions: ['a:b'] });
    await policy.putGrant({ grant: { userId: 'dora', resource: 'tools/echo', action: 'execute' } }, operator);
    await policy.putUser({ user: { userId: 'dora', roles: [], permissions: ['c:d'] } }, operator);
    expect(await permissionsOf(secret)).toEqual(['c:d', 'tools/echo:execute']);
  });

  test('refuses a role that does not exist, and one of another tenant', async () => {
    await policy.putRole({ role: { name: 'foreign', permissions: [] } }, globex.caller);
    for (const role of ['nobody', 'foreign']) {
      const user = { userId: 'eve', roles: [role], permissions: [] };
      await expect(policy.putUser({ user }, operator)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        reason: 'ROLE_NOT_FOUND',
      });
    }
  });

  test.each([
    ['user.user_id', { userId: '', roles: [], permissions: [] }],
    ['user.user_id', { userId: 'a b', roles: [], permissions: [] }],
    ['user.roles[0]', { userId: 'a', roles: ['A'], permissions: [] }],
    ['user.permissions[0]', { userId: 'a', roles: [], permissions: ['nothing'] }],
  ])('refuses a bad %s', async (field, user) => {
    await expect(policy.putUser({ user }, operator)).rejects.toMatchObject({ fieldViolations: [{ field }] });
  });
});

describe('putGrant and deleteGrant', () => {
  test('give an action on one resource and take it back, however often', async () => {
    const secret = await createUserWith('gail', {});
    const grant = { userId: 'gail', resource: `resources/file:///srv/it's`, action: 'read' };
    await policy.putGrant({ grant }, operator);
    await policy.putGrant({ grant }, operator);
    expect(await permissionsOf(secret)).toEqual([`resources/file:///srv/it's:read`]);
    await policy.deleteGrant({ grant }, operator);
    await policy.deleteGrant({ grant }, operator);
    expect(await permissionsOf(secret)).toEqual([]);
  });

  test('refuse a user that does not exist, also one of another tenant', async () => {
    await policy.putUser({ user: { userId: 'root', roles: [], permissions: [] } }, globex.caller);
    const grant = { userId: 'root', resource: 'a', action: 'b' };
    await expect(policy.putGrant({ grant }, operator)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'USER_NOT_FOUND',
      message: 'there is no user named "root" in your tenant; users/put makes one',
    });
  });

  test.each([
    { userId: 'gail', resource: '', action: 'read' },
    { userId: 'gail', resource: 'tools', action: 're:ad' },
    { userId: 'gail', resource: 'to ols', action: 'read' },
    { userId: 'gail', resource: 'x'.repeat(2_200), action: 'read' },
  ])('refuse a grant that is no permission', async (grant) => {
    const refusal = { code: 'INVALID_ARGUMENT', fieldViolations: [{ field: 'grant' }] };
    await expect(policy.putGrant({ grant }, operator)).rejects.toMatchObject(refusal);
    await expect(policy.deleteGrant({ grant }, operator)).rejects.toMatchObject(refusal);
  });
});

describe('nobody changes what is mightier than they are', () => {
  const refusal = (requiredPermission: string) => ({
    code: 'PERMISSION_DENIED',
    reason: 'PERMISSION_ESCALATION',
    metadata: { requiredPermission },
  });

  test('not a user, by any way', async () => {
    const { caller } = await world.createUser('officer', ['policy:write', 'context:read']);
    const secret = await createUserWith('boss', { roles: ['admin'], permissions: ['a:b'] });
    const grant = { userId: 'boss', resource: 'context', action: 'read' };
    await policy.putGrant({ grant }, operator);
    const before = await permissionsOf(secret);
    for (const attempt of [
      () => policy.putUser({ user: { userId: 'boss', roles: [], permissions: [] } }, caller),
      () => policy.putGrant({ grant }, caller),
      () => policy.deleteGrant({ grant }, caller),
    ]) {
      await expect(attempt()).rejects.toMatchObject(refusal('*:*'));
    }
    expect(await permissionsOf(secret)).toEqual(before);
  });

  test('not a user who is mightier by a grant alone', async () => {
    const { caller } = await world.createUser('officer2', ['policy:write']);
    await createUserWith('granted', {});
    await policy.putGrant({ grant: { userId: 'granted', resource: 'tools/x', action: 'execute' } }, operator);
    await expect(
      policy.putUser({ user: { userId: 'granted', roles: [], permissions: [] } }, caller),
    ).rejects.toMatchObject(refusal('tools/x:execute'));
  });

  test('not a role', async () => {
    const { caller } = await world.createUser('officer3', ['policy:write', 'context:read']);
    await policy.putRole({ role: { name: 'mighty', permissions: ['context:read', 'tools:execute'] } }, operator);
    const role = { name: 'mighty', permissions: ['context:read'] };
    await expect(policy.putRole({ role }, caller)).rejects.toMatchObject(refusal('tools:execute'));
    await expect(policy.deleteRole({ name: 'mighty' }, caller)).rejects.toMatchObject(refusal('tools:execute'));
    const { roles } = await policy.listRoles({}, operator);
    expect(roles.find(({ name }) => name === 'mighty')?.permissions).toEqual(['context:read', 'tools:execute']);
  });

  test('but what is as mighty as they are', async () => {
    const { caller } = await world.createUser('officer4', ['policy:write', 'context:read']);
    const secret = await createUserWith('peer', { permissions: ['context:read'] });
    const grant = { userId: 'peer', resource: 'context', action: 'read' };
    await policy.putGrant({ grant }, caller);
    await policy.deleteGrant({ grant }, caller);
    await policy.putUser({ user: { userId: 'peer', roles: [], permissions: [] } }, caller);
    expect(await permissionsOf(secret)).toEqual([]);
    await policy.putRole({ role: { name: 'small', permissions: ['context:read'] } }, caller);
    await policy.putRole({ role: { name: 'small', permissions: [] } }, caller);
    await expect(policy.deleteRole({ name: 'small' }, caller)).resolves.toEqual({});
  });
});

const user = { userId: 'u', roles: [], permissions: [] };
const grant = { userId: 'u', resource: 'a', action: 'b' };
const everyMethod: readonly [string, string, (client: typeof policy, options?: CallOptions) => Promise<unknown>][] = [
  [
    'createTenant',
    '*:*',
    (client, options) => client.createTenant({ tenant: { tenantId: 'a', displayName: '' } }, options),
  ],
  ['listTenants', '*:*', (client, options) => client.listTenants({ pageToken: '' }, options)],
  ['putRole', 'policy:write', (client, options) => client.putRole({ role: { name: 'a', permissions: [] } }, options)],
  ['listRoles', 'policy:read', (client, options) => client.listRoles({}, options)],
  ['deleteRole', 'policy:write', (client, options) => client.deleteRole({ name: 'a' }, options)],
  ['putUser', 'policy:write', (client, options) => client.putUser({ user }, options)],
  ['putGrant', 'policy:write', (client, options) => client.putGrant({ grant }, options)],
  ['deleteGrant', 'policy:write', (client, options) => client.deleteGrant({ grant }, options)],
];

describe.each(everyMethod)('%s', (name, requiredPermission, call) => {
  test('needs an assertion of a principal', async () => {
    await expect(call(world.stranger.policy)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'ASSERTION_MISSING',
    });
    await expect(call(policy)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', reason: 'CALLER_REFUSED' });
  });

  test(`needs ${requiredPermission}`, async () => {
    const other = requiredPermission === 'policy:read' ? 'policy:write' : 'policy:read';
    const { caller } = await world.createUser(`weak-${name}`, [other, 'keys:*', 'tools:*']);
    await expect(call(policy, caller)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PERMISSION_DENIED',
      metadata: { requiredPermission },
    });
  });
});

test('a principal whose tenant is not there is told so', async () => {
  const { secret, caller } = await createTenantWithAdmin(world, 'gone');
  expect(secret).toBeDefined();
  await world.sql(`delete from auth.api_keys where tenant_id = 'gone'`);
  await world.sql(`delete from auth.users where tenant_id = 'gone'`);
  await world.sql(`delete from auth.roles where tenant_id = 'gone'`);
  await world.sql(`delete from auth.tenants where tenant_id = 'gone'`);
  await expect(policy.putUser({ user }, caller)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    reason: 'TENANT_NOT_FOUND',
  });
});

test('changes of one tenant at the same time all happen, one after the other', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `parallel-${i}`);
  await Promise.all(names.map((name) => policy.putRole({ role: { name, permissions: ['a:b'] } }, operator)));
  const { roles } = await policy.listRoles({}, operator);
  expect(roles.map((role) => role.name)).toEqual(expect.arrayContaining(names));
});

test('a change waits for another of its tenant no longer than its deadline, and not at all when it is cancelled', async () => {
  const client = await world.pool.connect();
  await client.query(`begin; select 1 from auth.tenants where tenant_id = 'default' for update`);
  const late = policy.putUser({ user }, { ...operator, deadlineMs: Date.now() + 300 });
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const controller = new AbortController();
  const cancelled = policy.putUser({ user }, { ...operator, signal: controller.signal });
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  await client.query('rollback');
  client.release();
});

test('a request over the size of messages is refused', async () => {
  const role = { name: 'huge', permissions: ['x'.repeat(5 * 1024 * 1024)] };
  await expect(policy.putRole({ role }, operator)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
});
