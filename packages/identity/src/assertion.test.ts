import { randomBytes } from 'node:crypto';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, test, vi } from 'vitest';

import { createCallerVerifier, createServiceTokens, signAssertion, type VerificationKey } from './assertion.ts';
import type { Principal } from './principal.ts';

const startMs = Date.UTC(2026, 0, 1);
const principal: Principal = {
  tenantId: 'acme',
  userId: 'ann',
  credentialId: 'key_1',
  roles: ['reader'],
  permissions: ['context:read'],
  requestsPerMinute: 60,
};

async function createKey(keyId: string) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const { x } = await exportJWK(publicKey);
  const published: VerificationKey = { keyId, publicKey: Buffer.from(x ?? '', 'base64url') };
  return { signing: { keyId, privateKey }, published };
}

async function createWorld() {
  const key = await createKey('k1');
  const published = [key.published];
  const clock = { nowMs: startMs };
  const clusterSecret = randomBytes(32);
  const fetchKeys = vi.fn(async () => published);
  const now = () => clock.nowMs;
  const verify = createCallerVerifier({ fetchKeys, clusterSecret, now });
  return { key, published, clock, clusterSecret, fetchKeys, verify, now };
}

describe('an assertion of auth', () => {
  test('comes back as the principal it was signed for', async () => {
    const { key, verify } = await createWorld();
    const { assertion } = await signAssertion(principal, key.signing, startMs);
    await expect(verify(assertion)).resolves.toEqual({ kind: 'principal', principal });
  });

  test('lives for 60 seconds, also when it was verified before', async () => {
    const { key, verify, clock } = await createWorld();
    const { assertion, expiresAtMs } = await signAssertion(principal, key.signing, startMs);
    expect(expiresAtMs).toBe(startMs + 60_000);
    clock.nowMs = expiresAtMs - 1_000;
    await verify(assertion);
    clock.nowMs = expiresAtMs + 1_000;
    await expect(verify(assertion)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'ASSERTION_EXPIRED' });
  });

  test('is refused when a byte of it changes', async () => {
    const { key, verify } = await createWorld();
    const { assertion } = await signAssertion(principal, key.signing, startMs);
    const [header, payload, signature] = assertion.split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, per: ['*:*'] })).toString('base64url');
    await expect(verify(`${header}.${forged}.${signature}`)).rejects.toMatchObject({ reason: 'ASSERTION_INVALID' });
  });

  test('is refused when it is signed by a key that is not published', async () => {
    const { verify } = await createWorld();
    const stranger = await createKey('k9');
    const { assertion } = await signAssertion(principal, stranger.signing, startMs);
    await expect(verify(assertion)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'ASSERTION_INVALID' });
  });

  test('is refused when it has no algorithm, or names the public key as an HMAC secret', async () => {
    const { key, published, verify } = await createWorld();
    const claims = {
      sub: 'ann',
      tid: 'acme',
      cid: 'c',
      rol: [],
      per: ['*:*'],
      rpm: 0,
      iss: 'gantry-auth',
      aud: 'gantry-internal',
      exp: 9e9,
    };
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encode({ alg: 'none', kid: key.signing.keyId })}.${encode(claims)}.`;
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(published[0]?.publicKey ?? new Uint8Array(32));
    for (const forged of [unsigned, confused, '', 'a.b.c', 'x'.repeat(10_000)]) {
      await expect(verify(forged)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'ASSERTION_INVALID' });
    }
  });
});

describe('the published keys', () => {
  test('are fetched once for many assertions at the same time', async () => {
    const { key, verify, fetchKeys } = await createWorld();
    const assertions = await Promise.all(
      [0, 1, 2].map((i) => signAssertion(principal, key.signing, startMs + i * 1_000)),
    );
    await Promise.all(assertions.map(async ({ assertion }) => verify(assertion)));
    expect(fetchKeys).toHaveBeenCalledTimes(1);
  });

  test('are fetched again for a new key, but at most once a second', async () => {
    const { key, published, verify, clock, fetchKeys } = await createWorld();
    await verify((await signAssertion(principal, key.signing, startMs)).assertion);
    const rotated = await createKey('k2');
    published.push(rotated.published);
    const { assertion } = await signAssertion(principal, rotated.signing, startMs);
    await expect(verify(assertion)).rejects.toMatchObject({ reason: 'ASSERTION_INVALID' });
    clock.nowMs += 1_001;
    await expect(verify(assertion)).resolves.toMatchObject({ kind: 'principal' });
    expect(fetchKeys).toHaveBeenCalledTimes(2);
  });

  test('go on verifying while auth cannot be reached', async () => {
    const { key, verify, clock, fetchKeys } = await createWorld();
    await verify((await signAssertion(principal, key.signing, startMs)).assertion);
    fetchKeys.mockRejectedValue(new Error('auth is down'));
    clock.nowMs += 120_000;
    const { assertion } = await signAssertion(principal, key.signing, clock.nowMs);
    await expect(verify(assertion)).resolves.toMatchObject({ kind: 'principal' });
  });

  test('that could never be fetched make the call UNAVAILABLE, not UNAUTHENTICATED', async () => {
    const { key, verify, fetchKeys } = await createWorld();
    fetchKeys.mockRejectedValue(new Error('auth is down'));
    const { assertion } = await signAssertion(principal, key.signing, startMs);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(verify(assertion)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        reason: 'SIGNING_KEYS_UNAVAILABLE',
      });
    }
    expect(fetchKeys).toHaveBeenCalledTimes(1);
  });
});

describe('a service token', () => {
  test('names the service it was minted for', async () => {
    const { verify, clusterSecret, now } = await createWorld();
    const mint = createServiceTokens('gateway', clusterSecret, now);
    await expect(verify(await mint())).resolves.toEqual({ kind: 'service', service: 'gateway' });
  });

  test('is minted anew before it expires', async () => {
    const { verify, clock, clusterSecret, now } = await createWorld();
    const mint = createServiceTokens('gateway', clusterSecret, now);
    const first = await mint();
    clock.nowMs += 10_000;
    expect(await mint()).toBe(first);
    clock.nowMs += 55_000;
    await expect(verify(first)).rejects.toMatchObject({ reason: 'ASSERTION_EXPIRED' });
    await expect(verify(await mint())).resolves.toMatchObject({ kind: 'service' });
  });

  test('that was made to live for years is refused', async () => {
    const { verify, clusterSecret } = await createWorld();
    const nowSeconds = startMs / 1_000;
    const token = (issuedAt: number) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer('gantry-service')
        .setAudience('gantry-internal')
        .setSubject('gateway')
        .setIssuedAt(issuedAt)
        .setExpirationTime(nowSeconds + 10 * 365 * 86_400)
        .sign(clusterSecret);
    await expect(verify(await token(nowSeconds - 3_600))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(verify(await token(nowSeconds + 3_600))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('under another secret is refused', async () => {
    const { verify, now } = await createWorld();
    const mint = createServiceTokens('gateway', randomBytes(32), now);
    await expect(verify(await mint())).rejects.toMatchObject({ code: 'UNAUTHENTICATED', reason: 'ASSERTION_INVALID' });
  });
});
