import type { CallOptions } from '@gantry/rpc';
import { afterAll, describe, expect, test } from 'vitest';

import { createTenantWithAdmin, newKey, startWorld } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { keys, auth, operator } = world;

function authenticate(apiKey: string) {
  return auth.authenticate({ credential: { $case: 'apiKey', value: apiKey } });
}

async function createKey(name: string, options: { userId?: string; roles?: readonly string[]; by?: CallOptions } = {}) {
  const { by = operator, ...request } = options;
  const { key, secret } = await keys.createApiKey(newKey({ name, roles: ['reader'], ...request }), by);
  return { keyId: key?.keyId ?? '', secret };
}

describe('nobody gives away more than they have', () => {
  test('with a new user of a mightier role', async () => {
    const { caller } = await world.createUser('clerk', ['keys:write', 'context:read']);
    await expect(createKey('evil', { roles: ['admin'], by: caller })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PERMISSION_ESCALATION',
      metadata: { requiredPermission: '*:*' },
    });
  });

  test('with a key for a mightier user', async () => {
    const { caller } = await world.createUser('clerk2', ['keys:write']);
    await expect(createKey('evil', { userId: 'admin', by: caller })).rejects.toMatchObject({
      reason: 'PERMISSION_ESCALATION',
    });
    // Also when the name alone leads there.
    await expect(createKey('admin', { by: caller })).rejects.toMatchObject({ reason: 'PERMISSION_ESCALATION' });
  });

  test('with the new secret of a mightier user', async () => {
    const { caller } = await world.createUser('clerk3', ['keys:write']);
    const target = await createKey('mighty', { userId: 'admin' });
    await expect(keys.rotateApiKey({ keyId: target.keyId, overlap: undefined }, caller)).rejects.toMatchObject({
      reason: 'PERMISSION_ESCALATION',
    });
    await expect(authenticate(target.secret)).resolves.toBeDefined();
  });

  test('with a key without a rate', async () => {
    const { caller } = await world.createUser('clerk4', ['keys:write', 'tools:*', '*:read']);
    const request = newKey({ name: 'fast', userId: 'clerk4', requestsPerMinute: 0 });
    await expect(keys.createApiKey(request, caller)).rejects.toMatchObject({ reason: 'PERMISSION_ESCALATION' });
    const { key } = await keys.createApiKey(request, operator);
    expect(key?.requestsPerMinute).toBe(0);
    await expect(keys.rotateApiKey({ keyId: key?.keyId ?? '', overlap: undefined }, caller)).rejects.toMatchObject({
      reason: 'PERMISSION_ESCALATION',
    });
  });

  test('with a key of a higher rate than their own', async () => {
    const { caller } = await world.createUser('clerk6', ['keys:write']);
    const request = (requestsPerMinute: number) => newKey({ name: 'faster', userId: 'clerk6', requestsPerMinute });
    await expect(keys.createApiKey(request(1_000_000), caller)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PERMISSION_ESCALATION',
    });
    await expect(keys.createApiKey(request(61), caller)).rejects.toMatchObject({ reason: 'PERMISSION_ESCALATION' });
    expect((await keys.createApiKey(request(60), caller)).key?.requestsPerMinute).toBe(60);
    const { key: faster } = await keys.createApiKey(request(61), operator);
    await expect(keys.rotateApiKey({ keyId: faster?.keyId ?? '', overlap: undefined }, caller)).rejects.toMatchObject({
      reason: 'PERMISSION_ESCALATION',
    });
  });

  test('and a rate that nobody named is their own when the default is higher', async () => {
    await world.createUser('clerk7', ['keys:write']);
    const slow = await keys.createApiKey(newKey({ name: 'slow', userId: 'clerk7', requestsPerMinute: 5 }), operator);
    const { key } = await keys.createApiKey(
      newKey({ name: 'slower', userId: 'clerk7' }),
      await world.callerOf(slow.secret),
    );
    expect(key?.requestsPerMinute).toBe(5);
  });

  test('but what they have', async () => {
    const { caller } = await world.createUser('clerk5', ['keys:write', '*:read', 'sessions:*', 'tools:execute']);
    await expect(createKey('helper', { roles: ['agent', 'reader'], by: caller })).resolves.toBeDefined();
  });
});

describe('the key of a mightier user', () => {
  test('cannot be ended or rotated', async () => {
    const { caller } = await world.createUser('revoker', ['keys:write', 'context:read']);
    const { keyId, secret } = await createKey('precious', { userId: 'admin' });
    const refusal = {
      code: 'PERMISSION_DENIED',
      reason: 'PERMISSION_ESCALATION',
      metadata: { requiredPermission: '*:*' },
      message: expect.stringContaining('the user has *:* and you do not'),
    };
    await expect(keys.revokeApiKey({ keyId }, caller)).rejects.toMatchObject(refusal);
    await expect(keys.rotateApiKey({ keyId, overlap: undefined }, caller)).rejects.toMatchObject(refusal);
    await expect(authenticate(secret)).resolves.toBeDefined();
  });

  test('can be ended once its user may do no more', async () => {
    const { caller } = await world.createUser('revoker2', ['keys:write', 'context:read']);
    const equal = await world.createUser('equal', ['context:read']);
    await expect(keys.revokeApiKey({ keyId: equal.keyId }, caller)).resolves.toEqual({});
  });

  test('can always be ended by itself', async () => {
    const { keyId, secret, caller } = await world.createUser('mine', ['keys:write']);
    // What the caller may do is as of their assertion; since then the user became mightier.
    await world.policy.putUser({ user: { userId: 'mine', roles: ['admin'], permissions: [] } }, operator);
    const other = await createKey('mine-too', { userId: 'mine' });
    await expect(keys.revokeApiKey({ keyId: other.keyId }, caller)).rejects.toMatchObject({
      reason: 'PERMISSION_ESCALATION',
    });
    await keys.revokeApiKey({ keyId }, caller);
    await expect(authenticate(secret)).rejects.toMatchObject({ reason: 'CREDENTIAL_REVOKED' });
  });
});

describe('the last key of an administrator', () => {
  async function startAlone() {
    const alone = await startWorld();
    const listed = await alone.keys.listApiKeys({}, alone.operator);
    return { alone, keyId: listed.keys[0]?.keyId ?? '', [Symbol.asyncDispose]: () => alone[Symbol.asyncDispose]() };
  }
  const refusal = {
    code: 'FAILED_PRECONDITION',
    reason: 'LAST_ADMIN_KEY',
    message: expect.stringContaining('create another such key first'),
  };

  test('of the tenant default cannot be ended, until there is another one that works', async () => {
    await using started = await startAlone();
    const { alone, keyId } = started;
    const revoke = (id: string) => alone.keys.revokeApiKey({ keyId: id }, alone.operator);
    await expect(revoke(keyId)).rejects.toMatchObject(refusal);

    // None of these is another one: of somebody who may do less, revoked, expired, of another tenant.
    await alone.createUser('almost', ['*:read', '*:write']);
    await createTenantWithAdmin(alone, 'other');
    const expired = await alone.createUser('expired', ['*:*']);
    await alone.sql(`update auth.api_keys set expires_at = now() where key_id = $1`, [expired.keyId]);
    const revoked = await alone.createUser('revoked', ['*:*']);
    await revoke(revoked.keyId);
    await revoke(revoked.keyId);
    await revoke(expired.keyId);
    await expect(revoke(keyId)).rejects.toMatchObject(refusal);
    await expect(alone.callerOf(alone.operatorKey)).resolves.toBeDefined();

    await alone.policy.putUser({ user: { userId: 'granted', roles: [], permissions: [] } }, alone.operator);
    await alone.policy.putGrant({ grant: { userId: 'granted', resource: '*', action: '*' } }, alone.operator);
    await alone.keys.createApiKey(newKey({ name: 'granted' }), alone.operator);
    await expect(revoke(keyId)).resolves.toEqual({});
  });

  test('can be rotated', async () => {
    await using started = await startAlone();
    const { alone, keyId } = started;
    const { secret } = await alone.keys.rotateApiKey({ keyId, overlap: undefined }, alone.operator);
    await expect(alone.callerOf(secret)).resolves.toBeDefined();
  });

  test('of any other tenant can be ended', async () => {
    const umbrella = await createTenantWithAdmin(world, 'umbrella');
    await expect(keys.revokeApiKey({ keyId: umbrella.keyId }, umbrella.caller)).resolves.toEqual({});
  });
});
