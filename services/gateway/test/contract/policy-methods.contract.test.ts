import { AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { FakePolicy } from '../fake-policy.ts';
import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;
let policy: FakePolicy;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
  policy = gateway.auth.policy;
});
beforeEach(() => policy.reset());
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

describe('roles', () => {
  const ops = { name: 'ops', permissions: ['tools:read', 'tools/echo:execute'] };
  const reader = { name: 'reader', permissions: ['tools:read'] };

  test('are put, listed and deleted', async () => {
    expect(await gateway.result('roles/put', ops)).toEqual(ops);
    expect(await gateway.result('roles/list', {})).toEqual({ roles: [reader, ops] });
    expect(await gateway.result('roles/delete', { name: 'ops' })).toEqual({ name: 'ops', deleted: true });
    expect(await gateway.result('roles/list')).toEqual({ roles: [reader] });
  });

  test('are replaced, also by one that holds nothing', async () => {
    await gateway.result('roles/put', ops);
    expect(await gateway.result('roles/put', { name: 'ops', permissions: [] })).toEqual({
      name: 'ops',
      permissions: [],
    });
    expect(policy.roles.get('ops')?.permissions).toEqual([]);
  });
});

describe('users', () => {
  test('are put with roles and permissions of their own', async () => {
    const user = { user_id: 'ann', roles: ['reader'], permissions: ['keys:read'] };
    expect(await gateway.result('users/put', user)).toEqual(user);
    expect(policy.users.get('ann')).toMatchObject({ userId: 'ann', roles: ['reader'], permissions: ['keys:read'] });
  });

  test('lose what is not named when they are put again', async () => {
    await gateway.result('users/put', { user_id: 'ann', roles: ['reader'], permissions: ['keys:read'] });
    const bare = { user_id: 'ann', roles: [], permissions: [] };
    expect(await gateway.result('users/put', { user_id: 'ann', roles: null })).toEqual(bare);
    expect(policy.users.get('ann')).toMatchObject({ roles: [], permissions: [] });
  });
});

describe('grants', () => {
  test('are put and deleted, however often', async () => {
    await gateway.result('users/put', { user_id: 'ann' });
    const grant = { user_id: 'ann', resource: 'resources/file:///srv/docs', action: 'read' };
    for (let i = 0; i < 2; i += 1) {
      expect(await gateway.result('grants/put', grant)).toEqual({ ...grant, granted: true });
    }
    expect([...policy.grants]).toEqual(['ann resources/file:///srv/docs:read']);
    for (let i = 0; i < 2; i += 1) {
      expect(await gateway.result('grants/delete', grant)).toEqual({ ...grant, deleted: true });
    }
    expect([...policy.grants]).toEqual([]);
  });
});

describe('tenants', () => {
  test('are created, and listed page by page', async () => {
    const acme = { tenant_id: 'acme', display_name: 'Acme Ltd' };
    expect(await gateway.result('tenants/create', acme)).toEqual({ ...acme, admin_api_key: 'key-of-acme' });
    expect(await gateway.result('tenants/list')).toEqual({
      tenants: [{ tenant_id: 'default', display_name: 'Everybody' }],
      nextCursor: '1',
    });
    expect(await gateway.result('tenants/list', { cursor: '1' })).toEqual({ tenants: [acme] });
  });

  test('may do without a name', async () => {
    expect(await gateway.result('tenants/create', { tenant_id: 'acme' })).toEqual({
      tenant_id: 'acme',
      display_name: '',
      admin_api_key: 'key-of-acme',
    });
  });
});

describe('what auth refuses', () => {
  test.each([
    ['roles/delete', { name: 'nope' }, 'ROLE_NOT_FOUND', -32602],
    ['roles/put', { name: 'reader', permissions: [] }, 'ROLE_BUILT_IN', -32603],
    ['roles/delete', { name: 'reader' }, 'ROLE_BUILT_IN', -32603],
    ['users/put', { user_id: 'ann', roles: ['nope'] }, 'ROLE_NOT_FOUND', -32602],
    ['grants/put', { user_id: 'nobody', resource: 'tools/echo', action: 'execute' }, 'USER_NOT_FOUND', -32602],
    ['tenants/create', { tenant_id: 'default' }, 'TENANT_EXISTS', -32603],
  ])('%s %j is %s', async (method, params, reason, code) => {
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method, params });
    expect(answer.status).toBe(200);
    expect(answer.json.error).toMatchObject({
      code,
      message: expect.stringMatching(/^there is |comes with every tenant/),
      data: { reason },
    });
  });

  test.each([
    ['roles/put', { name: 'ops', permissions: ['keys:write'] }],
    ['users/put', { user_id: 'ann', permissions: ['keys:write'] }],
    ['grants/put', { user_id: 'ann', resource: 'keys', action: 'write' }],
  ])('%s cannot give away what the caller lacks', async (method, params) => {
    await gateway.result('users/put', { user_id: 'ann' });
    const key = gateway.auth.addKey({ permissions: ['policy:*', 'tools:read'] });
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method, params }, { key });
    expect(answer.status).toBe(403);
    expect(answer.json.error).toMatchObject({
      code: -32001,
      message: 'you cannot give away keys:write',
      data: {
        reason: 'PERMISSION_ESCALATION',
        required_permission: 'keys:write',
        user_permissions: ['policy:*', 'tools:read'],
      },
    });
  });
});

const calls: readonly [string, object, string, string][] = [
  ['roles/list', {}, 'read', ''],
  ['roles/put', { name: 'ops', permissions: [] }, 'write', 'ops'],
  ['roles/delete', { name: 'ops' }, 'write', 'ops'],
  ['users/put', { user_id: 'ann' }, 'write', 'ann'],
  ['grants/put', { user_id: 'ann', resource: 'tools/echo', action: 'execute' }, 'write', 'ann'],
  ['grants/delete', { user_id: 'ann', resource: 'tools/echo', action: 'execute' }, 'write', 'ann'],
  ['tenants/create', { tenant_id: 'acme' }, 'write', 'acme'],
  ['tenants/list', {}, 'read', ''],
];

describe.each(calls)('%s', (method, params, action, target) => {
  test(`needs policy:${action}`, async () => {
    const other = action === 'read' ? 'policy:write' : 'policy:read';
    const key = gateway.auth.addKey({ permissions: [other, 'keys:*', 'tools:*', 'policy/ops:*'] });
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method, params }, { key });
    expect(answer.status).toBe(403);
    expect(answer.json.error).toMatchObject({
      code: -32001,
      data: { reason: 'PERMISSION_DENIED', resource: 'policy', required_permission: `policy:${action}` },
    });
    expect([...policy.roles.keys(), ...policy.users.keys(), ...policy.tenantNames.keys()]).toEqual([
      'reader',
      'default',
    ]);
  });

  test('is in the audit log with what it was about, also when it was denied', async () => {
    const before = await gateway.auditedCount();
    policy.roles.set('ops', { name: 'ops', permissions: [] });
    policy.users.set('ann', { userId: 'ann', roles: [], permissions: [] });
    await gateway.result(method, params);
    await gateway.call(method, params, { key: gateway.auth.addKey({ permissions: ['keys:*'] }) });
    await expect.poll(() => gateway.auth.events.length).toBe(before + 2);
    expect(gateway.auth.events.slice(before)).toMatchObject([
      { method, target, outcome: AuditOutcome.AUDIT_OUTCOME_SUCCESS, reason: '' },
      { method, target, outcome: AuditOutcome.AUDIT_OUTCOME_DENIED, reason: 'PERMISSION_DENIED' },
    ]);
  });
});

const text = 'must be a string that is not empty';
const permissions = 'must be an array of permissions, such as ["tools:read"]; it may be empty';
const permission = 'must be a permission, such as "tools:read" or "tools/echo:execute"';
const wrongParams: readonly [string, unknown, string, string][] = [
  ['roles/list', [], 'params', 'must be an object'],
  ['roles/put', { permissions: [] }, 'params.name', text],
  ['roles/put', { name: 7, permissions: [] }, 'params.name', text],
  ['roles/put', { name: 'ops' }, 'params.permissions', permissions],
  ['roles/put', { name: 'ops', permissions: null }, 'params.permissions', permissions],
  ['roles/put', { name: 'ops', permissions: 'tools:read' }, 'params.permissions', 'must be an array of strings'],
  ['roles/put', { name: 'ops', permissions: ['a:b', 5] }, 'params.permissions', 'must be an array of strings'],
  ['roles/put', { name: 'ops', permissions: ['a:b', 'tools'] }, 'params.permissions[1]', permission],
  ['roles/delete', {}, 'params.name', text],
  ['roles/delete', { name: ['ops'] }, 'params.name', text],
  ['users/put', { user: 'ann' }, 'params.user_id', text],
  ['users/put', { user_id: 'ann', roles: 'reader' }, 'params.roles', 'must be an array of strings'],
  ['users/put', { user_id: 'ann', permissions: {} }, 'params.permissions', 'must be an array of strings'],
  ['users/put', { user_id: 'ann', permissions: ['Tools:Read'] }, 'params.permissions[0]', permission],
  ['grants/put', { resource: 'tools/echo', action: 'execute' }, 'params.user_id', text],
  ['grants/put', { user_id: 'ann', action: 'execute' }, 'params.resource', text],
  ['grants/put', { user_id: 'ann', resource: 'tools/echo', action: 1 }, 'params.action', text],
  ['grants/delete', { user_id: '', resource: 'tools/echo', action: 'execute' }, 'params.user_id', text],
  ['grants/delete', { user_id: 'ann', resource: null, action: 'execute' }, 'params.resource', text],
  ['grants/delete', { user_id: 'ann', resource: 'tools/echo' }, 'params.action', text],
  ['tenants/create', {}, 'params.tenant_id', text],
  ['tenants/create', { tenant_id: 'acme', display_name: 5 }, 'params.display_name', 'must be a string'],
  ['tenants/list', { cursor: 1 }, 'params.cursor', 'must be a string'],
];

test.each(wrongParams)('%s with %j is -32602 and says what to change', async (method, params, field, expectation) => {
  const { error } = await gateway.call(method, params);
  expect(error).toMatchObject({
    code: -32602,
    message: `${field} ${expectation}`,
    data: { reason: 'PARAMS_INVALID', violations: [{ field, description: expectation }] },
  });
});
