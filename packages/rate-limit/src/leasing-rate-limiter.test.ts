import { describe, expect, test } from 'vitest';

import { MemoryTokenStore } from '../test/memory-token-store.ts';
import { createReplica } from '../test/replica.ts';
import type { RateDecision } from './rate-limiter.ts';

/** One a millisecond, and a minute of them at once. */
const fast = { perMinute: 60_000 };
const slow = { perMinute: 60, burst: 60 };

function setUp(keysMax?: number) {
  const clock = { nowMs: 1_790_000_000_000, now: () => clock.nowMs };
  const store = new MemoryTokenStore(() => clock.nowMs * 1_000);
  const replica = createReplica(store, clock, keysMax);
  return { clock, store, replica, limiter: replica.limiter };
}

const isAtOnce = (decision: RateDecision | Promise<RateDecision>) => !(decision instanceof Promise);

/** Sends a request every `everyMs` and returns how many were decided at once. */
async function send({ clock, limiter }: ReturnType<typeof setUp>, { requests = 1, everyMs = 1 }): Promise<number> {
  let atOnce = 0;
  for (let sent = 0; sent < requests; sent += 1) {
    const decision = limiter.take('key', fast);
    atOnce += Number(isAtOnce(decision));
    expect((await decision).allowed).toBe(true);
    clock.nowMs += everyMs;
  }
  return atOnce;
}

describe('a key with a high limit', () => {
  test('takes one token for its first request and none ahead', async () => {
    const fixture = setUp();
    await send(fixture, { requests: 1 });

    expect(fixture.store.leases).toMatchObject([{ demand: 1, ahead: 0 }]);
    expect(fixture.replica.leasedKeys()).toBe(0);
  });

  test('is decided at once, and asks about each 150 ms, when it is used steadily', async () => {
    const fixture = setUp();
    await send(fixture, { requests: 1_000 });
    const before = fixture.store.leases.length;

    expect(await send(fixture, { requests: 1_000 })).toBe(1_000);
    expect(fixture.store.leases.length - before).toBeLessThanOrEqual(10);
  });

  test('asks for more in the background before its tokens are used up', async () => {
    const fixture = setUp();
    await send(fixture, { requests: 1_000 });

    expect(fixture.store.leases.slice(2).every(({ demand }) => demand === 0)).toBe(true);
  });

  test('takes for a batch what is in hand and asks for the rest at once', async () => {
    const fixture = setUp();
    await send(fixture, { requests: 1_000 });
    expect(fixture.limiter.take('key', fast, 20)).toEqual({ allowed: true, granted: 20, retryAfterMs: 0 });
    const before = fixture.store.leases.length;

    const decision = await fixture.limiter.take('key', fast, 1_000);

    expect(decision).toEqual({ allowed: true, granted: 1_000, retryAfterMs: 0 });
    const asked = fixture.store.leases.slice(before).map(({ demand }) => demand);
    expect(asked.filter((demand) => demand > 0)).toHaveLength(1);
    expect(Math.max(...asked)).toBeLessThan(1_000);
  });

  test('grants the requests of a batch in order, as many as there are', async () => {
    const { limiter } = setUp();
    const decision = await limiter.take('key', { perMinute: 600, burst: 100 }, 250);

    expect(decision).toEqual({ allowed: false, granted: 100, retryAfterMs: 100 });
  });

  test('asks once for the requests that come while it waits', async () => {
    const { limiter, store } = setUp();
    const decisions = await Promise.all(Array.from({ length: 100 }, async () => limiter.take('key', fast)));

    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(store.leases.map(({ demand }) => demand)).toEqual([1, 99]);
  });

  test('once empty is left alone until there is a chunk to take', async () => {
    const { clock, limiter, store } = setUp();
    await limiter.take('key', fast, 60_000);

    for (let sent = 0; sent < 1_000; sent += 1) {
      expect(limiter.take('key', fast)).toEqual({ allowed: false, granted: 0, retryAfterMs: 50 });
    }
    expect(store.leases).toHaveLength(1);
    clock.nowMs += 50;
    expect(await limiter.take('key', fast, 100)).toMatchObject({ granted: 50 });
  });

  test('gives tokens back that lie idle, and they are there for others', async () => {
    const fixture = setUp();
    const { clock, limiter, store, replica } = fixture;
    await limiter.take('key', fast, 30_000);
    await send(fixture, { requests: 1_000 });
    expect(replica.leasedKeys()).toBe(1);

    for (let sweeps = 0; sweeps < 4; sweeps += 1) {
      clock.nowMs += 250;
      replica.sweep();
    }

    expect(store.givenBack.length).toBeGreaterThan(0);
    expect(replica.leasedKeys()).toBe(0);
    expect(replica.sweep()).toBe(false);
    // A second passed since the last request, so the bucket is as it was before it plus a second of tokens.
    expect(store.leaseNow({ key: 'key', intervalUs: 1_000, burst: 60_000, demand: 60_000, ahead: 0 }).granted).toBe(
      31_000,
    );
  });

  test('uses no token after its lease has lapsed', async () => {
    const fixture = setUp();
    await fixture.limiter.take('key', fast, 30_000);
    await send(fixture, { requests: 1_000 });
    expect(isAtOnce(fixture.limiter.take('key', fast))).toBe(true);
    fixture.clock.nowMs += 750;

    expect(isAtOnce(fixture.limiter.take('key', fast))).toBe(false);
  });
});

describe('a key with a low limit', () => {
  test('asks for one token for each request, so that other replicas are refused for nothing', async () => {
    const { limiter, store, replica } = setUp();
    for (let sent = 0; sent < 60; sent += 1) await limiter.take('key', slow);

    expect(store.leases).toHaveLength(60);
    expect(store.leases.every(({ demand, ahead }) => demand === 1 && ahead === 0)).toBe(true);
    expect(replica.leasedKeys()).toBe(0);
  });

  test('is refused at once until it has a token again', async () => {
    const { clock, limiter, store } = setUp();
    for (let sent = 0; sent < 60; sent += 1) await limiter.take('key', slow);
    for (let sent = 0; sent < 100; sent += 1) {
      expect(limiter.take('key', slow)).toEqual({ allowed: false, granted: 0, retryAfterMs: 1_000 });
    }
    clock.nowMs += 999;
    expect(limiter.take('key', slow)).toMatchObject({ retryAfterMs: 1 });
    expect(store.leases).toHaveLength(60);
    clock.nowMs += 1;
    expect(await limiter.take('key', slow)).toMatchObject({ allowed: true });
  });

  test('asks again after a second of a longer wait', async () => {
    const { clock, limiter, store } = setUp();
    const daily = { perMinute: 1, burst: 1 };
    await limiter.take('key', daily);
    expect(limiter.take('key', daily)).toMatchObject({ allowed: false, retryAfterMs: 60_000 });
    store.flush();
    clock.nowMs += 1_000;

    expect(await limiter.take('key', daily)).toMatchObject({ allowed: true });
  });
});

describe('a changed limit', () => {
  test('holds from the next call on, when it is raised', async () => {
    const { limiter } = setUp();
    await limiter.take('key', slow, 60);
    expect(limiter.take('key', slow)).toMatchObject({ allowed: false });

    expect(await limiter.take('key', { perMinute: 120, burst: 200 })).toMatchObject({ allowed: true });
  });

  test('holds from the next call on, when it is lowered: tokens in hand go back', async () => {
    const fixture = setUp();
    await fixture.limiter.take('key', fast, 30_000);
    await send(fixture, { requests: 1_000 });

    expect(await fixture.limiter.take('key', { perMinute: 60, burst: 1 })).toMatchObject({ allowed: false });
    expect(fixture.store.givenBack.length).toBeGreaterThan(0);
  });

  test('is no limit at all when it is 0', async () => {
    const { limiter } = setUp();
    await limiter.take('key', slow, 60);

    expect(limiter.take('key', { perMinute: 0 }, 100)).toEqual({ allowed: true, granted: 100, retryAfterMs: 0 });
  });
});

describe('a lost store', () => {
  test('leaves the tokens in hand to be used, then each replica counts by itself', async () => {
    const fixture = setUp();
    await send(fixture, { requests: 1_000 });
    fixture.store.failure = new Error('connection lost');

    expect(await send(fixture, { requests: 1_000 })).toBe(1_000);
    expect(fixture.replica.outcomes.at(-1)).toBe('failed');
    expect(fixture.limiter.take('other', fast, 60_001)).toMatchObject({ allowed: false, granted: 60_000 });
  });

  test('makes no request wait but those that found out', async () => {
    const { limiter, store } = setUp();
    store.failure = new Error('connection lost');
    const first = limiter.take('key', slow);
    const second = limiter.take('key', slow);
    expect([isAtOnce(first), isAtOnce(second)]).toEqual([false, false]);
    expect(await Promise.all([first, second])).toMatchObject([{ allowed: true }, { allowed: true }]);

    expect(limiter.take('key', slow)).toMatchObject({ allowed: true });
    expect(limiter.take('other', slow, 100)).toEqual({ allowed: false, granted: 60, retryAfterMs: 1_000 });
  });

  test('is used again when it answers, and trying it takes no tokens', async () => {
    const { clock, limiter, store } = setUp();
    store.failure = new Error('connection lost');
    await limiter.take('key', slow);
    store.failure = undefined;
    clock.nowMs += 1_000;
    expect(isAtOnce(limiter.take('key', slow))).toBe(true);
    await expect.poll(() => isAtOnce(limiter.take('new', slow))).toBe(false);

    expect(store.leases[0]).toMatchObject({ demand: 0, ahead: 0 });
  });

  test('that forgot all keys is no error', async () => {
    const fixture = setUp();
    await send(fixture, { requests: 500 });
    fixture.store.flush();

    await send(fixture, { requests: 500 });
    fixture.clock.nowMs += 1_000;
    fixture.replica.sweep();
    expect(fixture.replica.outcomes).not.toContain('failed');
  });
});

test('a key that is forgotten for want of room gives its tokens back', async () => {
  const fixture = setUp(1);
  await fixture.limiter.take('key', fast, 30_000);
  await send(fixture, { requests: 1_000 });

  await fixture.limiter.take('other', fast);

  expect(fixture.store.givenBack.every(({ key, tokens }) => key === 'key' && tokens > 0)).toBe(true);
  expect(fixture.store.givenBack.length).toBeGreaterThan(0);
});

test('what was asked for is counted by how it ended', async () => {
  const { limiter, replica } = setUp();
  await limiter.take('key', slow, 60);
  await limiter.take('other', slow, 61);

  expect(replica.outcomes).toEqual(['granted', 'short']);
});
