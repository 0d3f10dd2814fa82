import { createCallerVerifier, type Principal } from '@gantry/identity';
import { fakeClock } from '@gantry/testkit';
import { describe, expect, test } from 'vitest';

import { generateSigningKey } from '../crypto/generate-signing-key.ts';
import type { SigningKeyStore } from './ports.ts';
import { createPublishedKeys } from './published-keys.ts';
import { Signer } from './signer.ts';
import type { PublishedKey } from './signing-key.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const principal: Principal = {
  tenantId: 'acme',
  userId: 'ann',
  credentialId: 'key_1',
  roles: [],
  permissions: ['a:b'],
  requestsPerMinute: 60,
};

function createWorld(published: PublishedKey[] = []) {
  const clock = fakeClock();
  const state = { isDown: false };
  const requireUp = () => {
    if (state.isDown) throw new Error('the database is down');
  };
  const keys: SigningKeyStore = {
    publish: async (key) => {
      requireUp();
      published.unshift(key);
    },
    list: async (nowMs, limit) => {
      requireUp();
      return published.filter((key) => key.expiresAtMs > nowMs).slice(0, limit);
    },
    retire: async (keyId, expiresAtMs) => {
      requireUp();
      const at = published.findIndex((key) => key.keyId === keyId);
      published.splice(at, 1, { ...(published[at] as PublishedKey), expiresAtMs });
    },
    purge: async () => undefined,
  };
  const sleeps: number[] = [];
  const sleep = async (ms: number) => {
    sleeps.push(ms);
    clock.advance(ms);
  };
  const signer = new Signer({ keys, generate: generateSigningKey, clock, rotateAfterMs: HOUR_MS, sleep });
  return { clock, state, keys, published, sleeps, signer };
}

function verifierOf({ keys, clock }: ReturnType<typeof createWorld>) {
  const fetchKeys = createPublishedKeys({ keys, clock });
  return createCallerVerifier({ fetchKeys, clusterSecret: new Uint8Array(32), now: () => clock.now() });
}

function keyIdOf(assertion: string): string {
  const header: { kid: string } = JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString());
  return header.kid;
}

describe('the first key', () => {
  test('is published before it signs, and verifies what it signs', async () => {
    const world = createWorld();
    await world.signer.start();
    const { assertion } = await world.signer.sign(principal);
    expect(world.published.map((key) => key.keyId)).toEqual([keyIdOf(assertion)]);
    await expect(verifierOf(world)(assertion)).resolves.toEqual({ kind: 'principal', principal });
  });

  test('is used at once when it is the first of the cluster', async () => {
    const { signer, sleeps } = createWorld();
    await signer.start();
    expect(sleeps).toEqual([]);
  });

  test('waits until every verifier can know it when there are others', async () => {
    const world = createWorld();
    await world.signer.start();
    const verify = verifierOf(world);
    await verify((await world.signer.sign(principal)).assertion);
    // A stranger's key makes the verifier look, just before the new replica publishes its own.
    const stranger = createWorld();
    await stranger.signer.start();
    world.clock.advance(1_001);
    await expect(verify((await stranger.signer.sign(principal)).assertion)).rejects.toMatchObject({
      reason: 'ASSERTION_INVALID',
    });
    const second = new Signer({
      keys: world.keys,
      generate: generateSigningKey,
      clock: world.clock,
      rotateAfterMs: HOUR_MS,
      sleep: async (ms) => world.clock.advance(ms),
    });
    await second.start();
    await expect(verify((await second.sign(principal)).assertion)).resolves.toMatchObject({ kind: 'principal' });
  });
});

describe('rotation', () => {
  test('happens when it is due, and both keys verify until the old one has no assertions left', async () => {
    const world = createWorld();
    await world.signer.start();
    const first = keyIdOf((await world.signer.sign(principal)).assertion);
    world.clock.advance(HOUR_MS - 1);
    await world.signer.rotateIfDue();
    const before = await world.signer.sign(principal);
    expect(keyIdOf(before.assertion)).toBe(first);
    world.clock.advance(1);
    await world.signer.rotateIfDue();
    const after = await world.signer.sign(principal);
    expect(keyIdOf(after.assertion)).not.toBe(first);
    const verify = verifierOf(world);
    await expect(verify(before.assertion)).resolves.toBeDefined();
    await expect(verify(after.assertion)).resolves.toBeDefined();
  });

  test('does not use the new key while it spreads', async () => {
    const { keys, clock } = createWorld();
    const spread = Promise.withResolvers<void>();
    const sleep = () => spread.promise;
    const signer = new Signer({ keys, generate: generateSigningKey, clock, rotateAfterMs: HOUR_MS, sleep });
    await signer.start();
    const first = keyIdOf((await signer.sign(principal)).assertion);
    clock.advance(HOUR_MS);
    const rotated = signer.rotateIfDue();
    expect(keyIdOf((await signer.sign(principal)).assertion)).toBe(first);
    spread.resolve();
    await rotated;
    expect(keyIdOf((await signer.sign(principal)).assertion)).not.toBe(first);
  });

  test('that fails leaves the present key, which goes on for as long again and then signs no more', async () => {
    const world = createWorld();
    await world.signer.start();
    const { keyId } = world.published[0] as PublishedKey;
    world.state.isDown = true;
    world.clock.advance(HOUR_MS);
    await expect(world.signer.rotateIfDue()).rejects.toThrow('the database is down');
    expect(keyIdOf((await world.signer.sign(principal)).assertion)).toBe(keyId);
    world.clock.advance(HOUR_MS);
    await expect(world.signer.sign(principal)).rejects.toThrow('the database is down');
    world.state.isDown = false;
    expect(keyIdOf((await world.signer.sign(principal)).assertion)).not.toBe(keyId);
  });

  test('a key is published until its last assertion has expired, and a minute for clocks that differ', async () => {
    const { signer, published, clock } = createWorld();
    const startMs = clock.now();
    await signer.start();
    expect(published[0]?.expiresAtMs).toBe(startMs + 2 * HOUR_MS + 2 * MINUTE_MS);
  });
});

test('a key that retires stays for its assertions and signs no more', async () => {
  const { signer, published, clock } = createWorld();
  await signer.start();
  await signer.retire();
  expect(published[0]?.expiresAtMs).toBe(clock.now() + 2 * MINUTE_MS);
});

describe('the list of published keys', () => {
  test('is read once for many at the same time, and again a moment later', async () => {
    const { clock, published } = createWorld();
    let reads = 0;
    const keys = createWorld(published).keys;
    const list: SigningKeyStore['list'] = (nowMs, limit) => {
      reads += 1;
      return keys.list(nowMs, limit);
    };
    const listKeys = createPublishedKeys({ keys: { ...keys, list }, clock });
    await Promise.all([listKeys(), listKeys(), listKeys()]);
    expect(reads).toBe(1);
    clock.advance(100);
    await listKeys();
    expect(reads).toBe(2);
  });

  test('does not keep a failure', async () => {
    const world = createWorld();
    const listKeys = createPublishedKeys(world);
    world.state.isDown = true;
    await expect(listKeys()).rejects.toThrow('the database is down');
    world.state.isDown = false;
    await expect(listKeys()).resolves.toEqual([]);
  });
});
