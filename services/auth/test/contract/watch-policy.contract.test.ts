import type { WatchPolicyResponse } from '@gantry/protocol/gantry/auth/v1/policy_service';
import { startTcpProxy, testRedisUrl } from '@gantry/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import { WATCHERS_MAX } from '../../src/domain/policy-feed.ts';
import { connectTo, newKey, type Replica, startReplica, startWorld } from '../auth-world.ts';

const world = await startWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { keys, policy, operator } = world;

/** Bounds waits for something that comes by itself; a busy machine may be slow, and a broken one fails. */
const patiently = { timeout: 20_000 };

/** Opens a stream and waits until it is live. Disposing leaves it. */
async function watch(replica: Pick<Replica, 'policy'>) {
  const controller = new AbortController();
  const stream = replica.policy.watchPolicy({}, { signal: controller.signal })[Symbol.asyncIterator]();
  const ready = await stream.next();
  expect(ready.value).toEqual({ change: { $case: 'ready', value: {} } });
  return {
    next: async () => (await stream.next()).value as WatchPolicyResponse,
    leave: () => controller.abort(),
    [Symbol.asyncDispose]: async () => controller.abort(),
  };
}

type Watch = Awaited<ReturnType<typeof watch>>;

/** Reads until the stream tells that a credential was revoked. */
async function nextRevoked(stream: Watch): Promise<string> {
  while (true) {
    const { change } = await stream.next();
    if (change?.$case === 'credentialRevoked') return change.value.credentialId;
  }
}

async function createKey(name: string) {
  const { key } = await keys.createApiKey(newKey({ name, roles: ['reader'] }), operator);
  return key?.keyId ?? '';
}

async function openStreams({ platform }: Pick<Replica, 'platform'>): Promise<number | undefined> {
  const metric = await platform.metrics.getSingleMetric('gantry_auth_policy_streams')?.get();
  return metric?.values[0]?.value;
}

describe('watchPolicy', () => {
  test('begins with ready and then tells what is revoked', async () => {
    await using stream = await watch(world);
    const keyId = await createKey('watched');
    await keys.revokeApiKey({ keyId }, operator);
    expect(await nextRevoked(stream)).toBe(keyId);
  });

  test('tells nothing of what was before', async () => {
    await using earlier = await watch(world);
    await keys.revokeApiKey({ keyId: await createKey('before') }, operator);
    // It is on its way to all who watch already, and comes to nobody who begins when it has arrived.
    await nextRevoked(earlier);
    await using other = await watch(world);
    const keyId = await createKey('after');
    await using stream = await watch(world);
    await keys.revokeApiKey({ keyId }, operator);
    expect(await nextRevoked(stream)).toBe(keyId);
    await expect(nextRevoked(other)).resolves.toBeDefined();
  });

  test('tells of every change of what users of a tenant may do', async () => {
    const user = { userId: 'zoe', roles: ['zoo'], permissions: [] };
    const grant = { userId: 'zoe', resource: 'a', action: 'b' };
    await using stream = await watch(world);
    await policy.putRole({ role: { name: 'zoo', permissions: ['a:b'] } }, operator);
    await policy.putUser({ user }, operator);
    await policy.putGrant({ grant }, operator);
    await policy.deleteGrant({ grant }, operator);
    const { key } = await keys.createApiKey(newKey({ name: 'zoe', userId: 'zoe' }), operator);
    await keys.rotateApiKey({ keyId: key?.keyId ?? '', overlap: undefined }, operator);
    await policy.deleteRole({ name: 'zoo' }, operator);
    const changes = [await stream.next()];
    while (changes.length < 6) changes.push(await stream.next());
    expect(changes).toEqual(
      Array.from({ length: 6 }, () => ({ change: { $case: 'tenantPolicyChanged', value: { tenantId: 'default' } } })),
    );
  });

  test('tells nothing of a change that failed', async () => {
    await using stream = await watch(world);
    const user = { userId: 'failed', roles: ['nobody'], permissions: [] };
    await expect(policy.putUser({ user }, operator)).rejects.toMatchObject({ reason: 'ROLE_NOT_FOUND' });
    const keyId = await createKey('next');
    await keys.revokeApiKey({ keyId }, operator);
    expect(await stream.next()).toMatchObject({
      change: { $case: 'credentialRevoked', value: { credentialId: keyId } },
    });
  });

  test('is forgotten when its client leaves', async () => {
    await expect.poll(() => openStreams(world), patiently).toBe(0);
    const stream = await watch(world);
    expect(await openStreams(world)).toBe(1);
    stream.leave();
    await expect.poll(() => openStreams(world), patiently).toBe(0);
  });

  test('ends at its deadline', async () => {
    const stream = policy.watchPolicy({}, { deadlineMs: Date.now() + 300 });
    const drained = Array.fromAsync(stream);
    await expect(drained).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('is for services only', async () => {
    await expect(Array.fromAsync(policy.watchPolicy({}, operator))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'CALLER_REFUSED',
    });
    await expect(Array.fromAsync(world.stranger.policy.watchPolicy({}))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'ASSERTION_MISSING',
    });
  });

  test('is refused beyond what a replica serves', async () => {
    const { databaseUrl } = world;
    await using replica = await startReplica({ databaseUrl });
    await using streams = new AsyncDisposableStack();
    // A connection carries a thousand calls at most, so the last one comes over another.
    while (Number(await openStreams(replica)) < WATCHERS_MAX) {
      const opened = await Promise.all(Array.from({ length: 100 }, () => watch(replica)));
      for (const stream of opened) streams.use(stream);
    }
    await using elsewhere = connectAgain(replica);
    await expect(Array.fromAsync(elsewhere.policy.watchPolicy({}))).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'WATCHERS_EXHAUSTED',
      retryAfterMs: 1_000,
    });
  });
});

function connectAgain({ target }: Replica) {
  const stack = new AsyncDisposableStack();
  return { ...connectTo(target, stack), [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('a key revoked on one replica', () => {
  test('ends on the stream of another without Redis', async () => {
    await using other = await startReplica({ databaseUrl: world.databaseUrl });
    await using stream = await watch(other);
    const keyId = await createKey('far');
    await keys.revokeApiKey({ keyId }, operator);
    expect(await nextRevoked(stream)).toBe(keyId);
  });

  test('ends on the stream of another with Redis, and when Redis is lost', async () => {
    await using redis = await startTcpProxy(testRedisUrl());
    const { databaseUrl } = world;
    const redisUrl = redis.through(testRedisUrl());
    await using one = await startReplica({ databaseUrl, redisUrl });
    await using two = await startReplica({ databaseUrl, redisUrl });
    await using stream = await watch(two);
    const [first, second] = [await createKey('with-redis'), await createKey('without-redis')];
    await one.keys.revokeApiKey({ keyId: first }, operator);
    expect(await nextRevoked(stream)).toBe(first);
    redis.cut();
    await one.keys.revokeApiKey({ keyId: second }, operator);
    expect(await nextRevoked(stream)).toBe(second);
  });

  test('is told once and in order, however many are revoked at the same time', async () => {
    await using other = await startReplica({ databaseUrl: world.databaseUrl });
    await using here = await watch(world);
    await using there = await watch(other);
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => createKey(`many-${i}`)));
    await Promise.all(ids.map((keyId, i) => (i % 2 === 0 ? keys : other.keys).revokeApiKey({ keyId }, operator)));
    const read = async (stream: Watch) => {
      const seen: string[] = [];
      while (seen.length < ids.length) seen.push(await nextRevoked(stream));
      return seen;
    };
    const [seenHere, seenThere] = await Promise.all([read(here), read(there)]);
    expect(seenHere).toEqual(seenThere);
    expect(seenHere.toSorted()).toEqual(ids.toSorted());
  });
});

describe('when the database is lost', () => {
  test.each(['cut', 'blackHole'] as const)(
    'by a %s, streams end, nobody is let in, and all comes back',
    async (how) => {
      await using database = await startTcpProxy(world.databaseUrl);
      await using replica = await startReplica({ databaseUrl: database.through(world.databaseUrl) });
      await using stream = await watch(replica);
      database[how]();
      await expect(stream.next()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'POLICY_STALE' });
      await expect(Array.fromAsync(replica.policy.watchPolicy({}))).rejects.toMatchObject({ reason: 'POLICY_STALE' });
      if (how === 'cut') {
        const login = replica.auth.authenticate({ credential: { $case: 'apiKey', value: world.operatorKey } });
        await expect(login).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
      }
      database.heal();
      const reopened = async () => {
        await using again = await watch(replica);
        return again !== undefined;
      };
      await expect.poll(() => reopened().catch(() => false), patiently).toBe(true);
    },
  );
});

describe('a replica that drains', () => {
  test('ends its streams and is done', async () => {
    await using replica = await startReplica({ databaseUrl: world.databaseUrl });
    await using stream = await watch(replica);
    const drained = replica.service.drain();
    await expect(stream.next()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'SHUTTING_DOWN' });
    await drained;
  });
});

describe('readiness', () => {
  test('needs the database, and is degraded without Redis', async () => {
    await using database = await startTcpProxy(world.databaseUrl);
    await using redis = await startTcpProxy(testRedisUrl());
    await using replica = await startReplica({
      databaseUrl: database.through(world.databaseUrl),
      redisUrl: redis.through(testRedisUrl()),
    });
    const { readiness } = replica.platform;
    readiness.markStarted();
    const status = async () => (await readiness.report()).status;
    await expect.poll(status, patiently).toBe('ready');
    redis.cut();
    await expect.poll(status, patiently).toBe('degraded');
    database.cut();
    await expect.poll(status, patiently).toBe('unready');
  });
});
