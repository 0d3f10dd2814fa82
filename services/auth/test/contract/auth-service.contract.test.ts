import { createHash } from 'node:crypto';

import { createCallerVerifier, generateApiKey } from '@gantry/identity';
import { afterAll, describe, expect, test } from 'vitest';

import { newKey, startReplica, startWorld, tamper } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { auth, keys, policy, operator } = world;

function authenticate(apiKey: string) {
  return auth.authenticate({ credential: { $case: 'apiKey', value: apiKey } });
}

async function createKey(name: string, roles: readonly string[] = ['reader']) {
  const { key, secret } = await keys.createApiKey(newKey({ name, roles }), operator);
  return { keyId: key?.keyId ?? '', secret };
}

describe('authenticate', () => {
  test('turns a key into its principal and an assertion of at most 60 seconds', async () => {
    const { keyId, secret } = await createKey('ann');
    const answer = await authenticate(secret);
    expect(answer.principal).toEqual({
      tenantId: 'default',
      userId: 'ann',
      credentialId: keyId,
      roles: ['reader'],
      permissions: ['context:read', 'documents:read', 'resources:read', 'sessions:read', 'tools:read'],
      requestsPerMinute: 60,
    });
    expect(answer.credentialExpiresAt).toBeUndefined();
    expect(answer.assertionExpiresAt?.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test('gives the union of direct permissions, roles and grants', async () => {
    await policy.putRole({ role: { name: 'caller', permissions: ['tools:execute', 'tools:read'] } }, operator);
    await policy.putUser(
      { user: { userId: 'bob', roles: ['caller', 'reader'], permissions: ['tools:read', 'a:b'] } },
      operator,
    );
    await policy.putGrant(
      { grant: { userId: 'bob', resource: 'resources/https://a.example/x', action: 'write' } },
      operator,
    );
    const { secret } = await keys.createApiKey(newKey({ name: 'bob', userId: 'bob' }), operator);
    const { principal } = await authenticate(secret);
    expect(principal?.roles).toEqual(['caller', 'reader']);
    expect(principal?.permissions).toEqual([
      'a:b',
      'context:read',
      'documents:read',
      'resources/https://a.example/x:write',
      'resources:read',
      'sessions:read',
      'tools:execute',
      'tools:read',
    ]);
  });

  test('says when the credential expires', async () => {
    const { key, secret } = await keys.createApiKey(
      newKey({ name: 'temp', roles: ['reader'], lifetimeSeconds: 600 }),
      operator,
    );
    expect((await authenticate(secret)).credentialExpiresAt).toEqual(key?.expiresAt);
  });

  test.each([
    ['empty', () => ''],
    ['no key at all', () => 'Bearer hunter2'],
    ['SQL', () => `gk_0123456789abcdef_' or true --`],
    ['a key of nobody', () => generateApiKey().secret],
    ['10,000 characters', () => 'x'.repeat(10_000)],
    ['a NUL character', () => `gk_0123456789abcde\0_${'a'.repeat(43)}`],
  ])('refuses %s as CREDENTIAL_INVALID', async (_, text) => {
    await expect(authenticate(text())).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_INVALID' });
  });

  test('answers a wrong secret exactly as an unknown id', async () => {
    const { secret } = await createKey('victim');
    const wrong = await authenticate(tamper(secret)).catch((error: unknown) => error);
    const unknown = await authenticate(generateApiKey().secret).catch((error: unknown) => error);
    const facts = { code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_INVALID', metadata: {}, fieldViolations: [] };
    expect(wrong).toMatchObject(facts);
    expect(unknown).toMatchObject({ ...facts, message: (wrong as Error).message });
  });

  test('refuses what somebody finds who reads the table of keys', async () => {
    const { keyId, secret } = await createKey('stolen');
    const { rows } = await world.sql('select secret_hash from auth.api_keys where key_id = $1', [keyId]);
    const stolen = Buffer.from(rows[0]?.['secret_hash'] as Buffer);
    expect(stolen).toEqual(createHash('sha256').update(secret).digest());
    for (const attempt of [stolen.toString('base64url'), stolen.toString('hex').slice(0, 43)]) {
      await expect(authenticate(`gk_${keyId}_${attempt}`)).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
    }
    const { rows: texts } = await world.sql('select api_keys::text as row from auth.api_keys where key_id = $1', [
      keyId,
    ]);
    expect(String(texts[0]?.['row'])).not.toContain(secret.slice(-43));
  });

  test('refuses an expired key as CREDENTIAL_EXPIRED, and only to whoever has its secret', async () => {
    const { keyId, secret } = await createKey('expired');
    await world.sql(`update auth.api_keys set expires_at = now() - interval '1 second' where key_id = $1`, [keyId]);
    await expect(authenticate(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_EXPIRED' });
    await expect(authenticate(tamper(secret))).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
  });

  test('refuses a revoked key as CREDENTIAL_REVOKED, and only to whoever has its secret', async () => {
    const { keyId, secret } = await createKey('revoked');
    await keys.revokeApiKey({ keyId }, operator);
    await expect(authenticate(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'CREDENTIAL_REVOKED' });
    await expect(authenticate(tamper(secret))).rejects.toMatchObject({ reason: 'CREDENTIAL_INVALID' });
  });

  test('answers an access token with UNIMPLEMENTED', async () => {
    const request = { credential: { $case: 'accessToken', value: 'eyJ' } } as const;
    await expect(auth.authenticate(request)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: 'access tokens are not available in this version; send an API key',
    });
  });

  test('wants a credential', async () => {
    await expect(auth.authenticate({ credential: undefined })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'credential' }],
    });
  });

  test('refuses a message over the size of messages', async () => {
    await expect(authenticate('x'.repeat(5 * 1024 * 1024))).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });

  test('ends at its deadline, and when it is cancelled', async () => {
    await using lock = await lockTable('auth.api_keys');
    expect(lock).toBeDefined();
    const request = { credential: { $case: 'apiKey', value: world.operatorKey } } as const;
    const late = auth.authenticate(request, { deadlineMs: Date.now() + 300 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const controller = new AbortController();
    const cancelled = auth.authenticate(request, { signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

async function lockTable(table: string) {
  const client = await world.pool.connect();
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  return {
    async [Symbol.asyncDispose]() {
      await client.query('rollback');
      client.release();
    },
  };
}

describe('listSigningKeys', () => {
  test('lists the public key of this replica, for as long as its assertions may live', async () => {
    const { keys: listed } = await auth.listSigningKeys({});
    expect(listed).toHaveLength(1);
    expect(listed[0]?.publicKey).toHaveLength(32);
    expect(listed[0]?.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 3_600_000);
  });

  test('of one replica verify the assertions of another', async () => {
    await using other = await startReplica({ databaseUrl: world.databaseUrl });
    const { secret } = await createKey('traveller');
    const here = await authenticate(secret);
    const there = await other.auth.authenticate({ credential: { $case: 'apiKey', value: secret } });
    expect(there.principal).toEqual(here.principal);
    for (const [assertion, listing] of [
      [here.assertion, other.auth],
      [there.assertion, auth],
    ] as const) {
      const verify = createCallerVerifier({
        fetchKeys: async () => (await listing.listSigningKeys({})).keys,
        clusterSecret: new Uint8Array(32),
        now: () => Date.now(),
      });
      await expect(verify(assertion)).resolves.toEqual({ kind: 'principal', principal: here.principal });
    }
    // And the other replica itself takes a caller of this one.
    await expect(other.keys.listApiKeys({}, operator)).resolves.toBeDefined();
  });

  test('keep the key of a replica that stopped until its assertions have expired, and no longer', async () => {
    const other = await startReplica({ databaseUrl: world.databaseUrl });
    const count = async () => (await world.sql('select expires_at from auth.signing_keys order by created_at')).rows;
    const before = await count();
    await other[Symbol.asyncDispose]();
    const after = await count();
    expect(after).toHaveLength(before.length);
    const [expiresAt] = after.slice(-1).map((row) => (row['expires_at'] as Date).getTime());
    expect(expiresAt).toBeGreaterThan(Date.now() + 60_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 120_000);
  });

  test('no private key is in the database', async () => {
    const { rows } = await world.sql(
      `select column_name from information_schema.columns where table_schema = 'auth' and table_name = 'signing_keys' order by 1`,
    );
    expect(rows.map((row) => row['column_name'])).toEqual(['created_at', 'expires_at', 'key_id', 'public_key']);
  });
});
