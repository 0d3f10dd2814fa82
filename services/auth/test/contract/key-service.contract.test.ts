import type { CallOptions } from '@gantry/rpc';
import { afterAll, describe, expect, test } from 'vitest';

import { API_KEYS_PER_TENANT_MAX, REQUESTS_PER_MINUTE_MAX } from '../../src/domain/api-key.ts';
import { ROLES_PER_USER_MAX, USERS_PER_TENANT_MAX } from '../../src/domain/user.ts';
import { createTenantWithAdmin, newKey, startWorld } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { keys, auth, operator } = world;
const globex = await createTenantWithAdmin(world, 'globex');

function authenticate(apiKey: string) {
  return auth.authenticate({ credential: { $case: 'apiKey', value: apiKey } });
}

async function createKey(name: string, options: { userId?: string; roles?: readonly string[]; by?: CallOptions } = {}) {
  const { by = operator, ...request } = options;
  const { key, secret } = await keys.createApiKey(newKey({ name, roles: ['reader'], ...request }), by);
  return { keyId: key?.keyId ?? '', secret };
}

async function find(keyId: string) {
  const listed = await keys.listApiKeys({}, operator);
  return listed.keys.find((key) => key.keyId === keyId);
}

describe('createApiKey', () => {
  test('makes a key with a user named after it, and shows its secret', async () => {
    const { key, secret } = await keys.createApiKey(newKey({ name: 'Build  server', roles: ['agent'] }), operator);
    expect(key).toMatchObject({
      name: 'Build  server',
      userId: 'Build-server',
      requestsPerMinute: 60,
      roles: ['agent'],
    });
    expect(key?.expiresAt).toBeUndefined();
    expect(secret).toMatch(new RegExp(`^gk_${key?.keyId}_[A-Za-z0-9_-]{43}$`));
    expect((await authenticate(secret)).principal?.userId).toBe('Build-server');
  });

  test('ignores the roles for a user that exists', async () => {
    await createKey('first', { userId: 'carol' });
    const { key } = await keys.createApiKey(newKey({ name: 'second', userId: 'carol', roles: ['admin'] }), operator);
    expect(key?.roles).toEqual(['reader']);
  });

  test('takes a rate and a lifetime', async () => {
    const request = newKey({ name: 'limited', requestsPerMinute: 5, lifetimeSeconds: 60 });
    const { key } = await keys.createApiKey(request, operator);
    expect(key?.requestsPerMinute).toBe(5);
    expect(Number(key?.expiresAt) - Number(key?.createdAt)).toBe(60_000);
  });

  test('refuses a role that does not exist', async () => {
    await expect(createKey('lost', { roles: ['nobody'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'ROLE_NOT_FOUND',
      message: expect.stringContaining('every tenant has admin, agent, reader, and roles/list shows'),
    });
    // Nothing is left of the attempt.
    const { rows } = await world.sql(`select 1 from auth.users where user_id = 'lost'`);
    expect(rows).toEqual([]);
  });

  test.each([
    ['name', newKey({ name: '', userId: 'u' })],
    ['name', newKey({ name: 'x'.repeat(201), userId: 'u' })],
    ['name', newKey({ name: 'nul\0', userId: 'u' })],
    ['user_id', newKey({ name: 'n', userId: 'two words' })],
    ['user_id', newKey({ name: 'n', userId: 'x'.repeat(201) })],
    ['roles[0]', newKey({ name: 'n', roles: [`'; drop table auth.api_keys; --`] })],
    ['roles', newKey({ name: 'n', roles: Array.from({ length: ROLES_PER_USER_MAX + 1 }, (_, i) => `r${i}`) })],
    ['lifetime', newKey({ name: 'n', lifetimeSeconds: 0 })],
    ['lifetime', newKey({ name: 'n', lifetimeSeconds: -1 })],
    ['lifetime', newKey({ name: 'n', lifetimeSeconds: 4_000 * 86_400 })],
    ['requests_per_minute', newKey({ name: 'n', requestsPerMinute: REQUESTS_PER_MINUTE_MAX + 1 })],
  ])('refuses a bad %s', async (field, request) => {
    await expect(keys.createApiKey(request, operator)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'AUTH_REQUEST_INVALID',
      fieldViolations: [{ field }],
    });
  });

  test('keeps SQL in names and ids as text', async () => {
    const text = `'";drop/**/table"auth"."api_keys";--`;
    const { keyId, secret } = await createKey(text, { userId: text });
    expect(await find(keyId)).toMatchObject({ name: text, userId: text });
    expect((await authenticate(secret)).principal?.userId).toBe(text);
  });

  test('refuses more keys than a tenant may have, until one ends', async () => {
    const initech = await createTenantWithAdmin(world, 'initech');
    await world.sql(
      `insert into auth.api_keys (tenant_id, key_id, user_id, name, secret_hash, requests_per_minute, created_at)
       select 'initech', to_hex(n + (x'1000000000000000'::bigint)), 'admin', 'n', sha256(n::text::bytea), 1, now()
       from generate_series(2, $1) n`,
      [API_KEYS_PER_TENANT_MAX],
    );
    const attempt = () => createKey('one more', { userId: 'admin', by: initech.caller });
    await expect(attempt()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'API_KEYS_EXHAUSTED' });
    const { keys: listed } = await keys.listApiKeys({}, initech.caller);
    expect(listed).toHaveLength(1_000);
    await keys.revokeApiKey({ keyId: '1000000000000002' }, initech.caller);
    await expect(attempt()).resolves.toBeDefined();
  });

  test('refuses more users than a tenant may have', async () => {
    const hooli = await createTenantWithAdmin(world, 'hooli');
    await world.sql(
      `insert into auth.users (tenant_id, user_id, permissions, created_at)
       select 'hooli', 'u' || n, '{}', now() from generate_series(2, $1) n`,
      [USERS_PER_TENANT_MAX],
    );
    await expect(createKey('new', { by: hooli.caller })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'USERS_EXHAUSTED',
    });
    await expect(createKey('old', { userId: 'u2', by: hooli.caller })).resolves.toBeDefined();
  });
});

describe('listApiKeys', () => {
  test('lists the keys of the tenant, newest first, without secrets', async () => {
    const first = await createKey('list-1');
    const second = await createKey('list-2');
    const { keys: listed } = await keys.listApiKeys({}, operator);
    const ids = listed.map((key) => key.keyId);
    expect(ids.indexOf(second.keyId)).toBeLessThan(ids.indexOf(first.keyId));
    expect(ids).not.toContain(globex.keyId);
    expect(
      JSON.stringify(listed, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain(first.secret.slice(-43));
  });
});

describe('rotateApiKey', () => {
  test('replaces the secret at once', async () => {
    const { keyId, secret } = await createKey('rotate-now');
    const rotated = await keys.rotateApiKey({ keyId, overlap: undefined }, operator);
    await expect(authenticate(secret)).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
    expect((await authenticate(rotated.secret)).principal?.credentialId).toBe(keyId);
  });

  test('lets both secrets work for the overlap, and says until when', async () => {
    const { keyId, secret } = await createKey('rotate-overlap');
    const rotated = await keys.rotateApiKey({ keyId, overlap: { seconds: 600n, nanos: 0 } }, operator);
    const old = await authenticate(secret);
    expect(Number(old.credentialExpiresAt)).toBeGreaterThan(Date.now() + 590_000);
    expect(Number(old.credentialExpiresAt)).toBeLessThanOrEqual(Date.now() + 600_000);
    expect((await authenticate(rotated.secret)).credentialExpiresAt).toBeUndefined();
    await world.sql('update auth.api_keys set previous_until = now() where key_id = $1', [keyId]);
    await expect(authenticate(secret)).rejects.toMatchObject({ reason: 'CREDENTIAL_EXPIRED' });
    await expect(authenticate(rotated.secret)).resolves.toBeDefined();
  });

  test('knows one old secret only', async () => {
    const { keyId, secret } = await createKey('rotate-twice');
    const overlap = { seconds: 600n, nanos: 0 };
    const second = await keys.rotateApiKey({ keyId, overlap }, operator);
    const third = await keys.rotateApiKey({ keyId, overlap }, operator);
    await expect(authenticate(secret)).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
    await expect(authenticate(second.secret)).resolves.toBeDefined();
    await expect(authenticate(third.secret)).resolves.toBeDefined();
  });

  test.each([
    { seconds: 7n * 86_400n + 1n, nanos: 0 },
    { seconds: -1n, nanos: 0 },
    { seconds: 2n ** 62n, nanos: 0 },
  ])('refuses an overlap of $seconds seconds', async (overlap) => {
    await expect(keys.rotateApiKey({ keyId: '0123456789abcdef', overlap }, operator)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'overlap' }],
    });
  });

  test('refuses a key that has ended', async () => {
    const { keyId } = await createKey('rotate-ended');
    await keys.revokeApiKey({ keyId }, operator);
    await expect(keys.rotateApiKey({ keyId, overlap: undefined }, operator)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'API_KEY_ENDED',
    });
  });
});

describe('revokeApiKey', () => {
  test('ends a key with both its secrets, for good, and may be repeated', async () => {
    const { keyId, secret } = await createKey('revoke');
    const rotated = await keys.rotateApiKey({ keyId, overlap: { seconds: 600n, nanos: 0 } }, operator);
    await keys.revokeApiKey({ keyId }, operator);
    const revokedAt = (await find(keyId))?.revokedAt;
    await keys.revokeApiKey({ keyId }, operator);
    expect((await find(keyId))?.revokedAt).toEqual(revokedAt);
    for (const old of [secret, rotated.secret]) {
      await expect(authenticate(old)).rejects.toMatchObject({ reason: 'CREDENTIAL_REVOKED' });
    }
  });
});

describe('a key of another tenant', () => {
  test.each([
    ['rotateApiKey', (keyId: string) => keys.rotateApiKey({ keyId, overlap: undefined }, globex.caller)],
    ['revokeApiKey', (keyId: string) => keys.revokeApiKey({ keyId }, globex.caller)],
  ])('cannot %s mine: it does not exist for it', async (name, attempt) => {
    const { keyId, secret } = await createKey(`mine-${name}`);
    for (const id of [keyId, '0123456789abcdef', '', `' or 1=1 --`, 'x\0'.repeat(300)]) {
      await expect(attempt(id)).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'API_KEY_NOT_FOUND' });
    }
    await expect(authenticate(secret)).resolves.toBeDefined();
  });

  test('lists its own only', async () => {
    const { keys: listed } = await keys.listApiKeys({}, globex.caller);
    expect(listed.map((key) => key.keyId)).toEqual([globex.keyId]);
  });

  test('makes users of its own tenant, also under a name of mine', async () => {
    const { secret } = await createKey('admin', { by: globex.caller });
    expect((await authenticate(secret)).principal).toMatchObject({
      tenantId: 'globex',
      userId: 'admin',
      roles: ['admin'],
    });
  });
});

test('rotateDataKey is answered with UNIMPLEMENTED', async () => {
  await expect(keys.rotateDataKey({}, operator)).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: 'gantry.auth.v1.KeyService/RotateDataKey is part of the contract but not available in this version',
  });
});

const everyMethod: readonly [string, string, (client: typeof keys, options?: CallOptions) => Promise<unknown>][] = [
  ['createApiKey', 'keys:write', (client, options) => client.createApiKey(newKey({ name: 'n' }), options)],
  ['listApiKeys', 'keys:read', (client, options) => client.listApiKeys({}, options)],
  ['rotateApiKey', 'keys:write', (client, options) => client.rotateApiKey({ keyId: 'k', overlap: undefined }, options)],
  ['revokeApiKey', 'keys:write', (client, options) => client.revokeApiKey({ keyId: 'k' }, options)],
];

describe.each(everyMethod)('%s', (_, requiredPermission, call) => {
  test('needs an assertion of a principal', async () => {
    await expect(call(world.stranger.keys)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'ASSERTION_MISSING',
    });
    await expect(call(keys)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', reason: 'CALLER_REFUSED' });
    await expect(call(keys, { assertion: 'a.b.c' })).rejects.toMatchObject({ reason: 'ASSERTION_INVALID' });
  });

  test(`needs ${requiredPermission}`, async () => {
    const other = requiredPermission === 'keys:read' ? 'keys:write' : 'keys:read';
    const { caller } = await world.createUser(`weak-${_}`, [other, 'policy:*', 'tools:*']);
    await expect(call(keys, caller)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'PERMISSION_DENIED',
      metadata: { requiredPermission },
    });
  });
});

test('a change waits for another of its tenant no longer than its deadline, and not at all when it is cancelled', async () => {
  const client = await world.pool.connect();
  await client.query(`begin; select 1 from auth.tenants where tenant_id = 'default' for update`);
  const late = keys.createApiKey(newKey({ name: 'late' }), { ...operator, deadlineMs: Date.now() + 300 });
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const controller = new AbortController();
  const cancelled = keys.createApiKey(newKey({ name: 'cancelled' }), { ...operator, signal: controller.signal });
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  // Another tenant does not wait.
  await expect(createKey('free', { by: globex.caller })).resolves.toBeDefined();
  await client.query('rollback');
  client.release();
});

test('a request over the size of messages is refused', async () => {
  const request = newKey({ name: 'x'.repeat(5 * 1024 * 1024) });
  await expect(keys.createApiKey(request, operator)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
});
