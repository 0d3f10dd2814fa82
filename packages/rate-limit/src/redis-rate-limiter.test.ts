import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { closeRedis, createRedis, redisKey } from '@gantry/redis';
import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { redisUrl } from '../test/redis-fixture.ts';
import { createMemoryRateLimiter } from './memory-rate-limiter.ts';
import { createRedisRateLimiter } from './redis-rate-limiter.ts';

const slowly = { perMinute: 1, burst: 5 };

async function setUp({ url = redisUrl(), name = randomUUID() } = {}) {
  const logs: string[] = [];
  const silent = createLogger({ service: 'test', level: 'silent' });
  const logger = createLogger({
    service: 'test',
    level: 'info',
    destination: { write: (line: string) => void logs.push(JSON.parse(line).msg) },
  });
  const metrics = createMetricsRegistry({ service: 'test' });
  const clock = { nowMs: 1_790_000_000_000, now: () => clock.nowMs };
  const redis = createRedis({ url, name: 'test', logger: silent, metrics });
  await expect.poll(() => redis.status).toBe('ready');
  const fallback = createMemoryRateLimiter({ clock });
  return {
    limiter: createRedisRateLimiter({ redis, fallback, name, logger, metrics, clock }),
    redis,
    clock,
    logs,
    name,
    metricsText: () => metrics.metrics(),
    degraded: async () => (await metrics.metrics()).match(/gantry_rate_limit_degraded\{.*\} (\d)/)?.[1],
    [Symbol.dispose]: () => closeRedis(redis),
  };
}

test('exactly the burst is allowed, then the wait is at most one interval', async () => {
  using fixture = await setUp();
  const decisions = [];
  for (let taken = 0; taken < 7; taken += 1) {
    decisions.push(await fixture.limiter.take('key', slowly));
  }

  expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, true, true, true, false, false]);
  expect(decisions.slice(0, 5).every(({ retryAfterMs }) => retryAfterMs === 0)).toBe(true);
  const waitMs = decisions[6]?.retryAfterMs ?? 0;
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(60_000);
  expect(await fixture.degraded()).toBe('0');
});

test('two instances share one burst', async () => {
  using left = await setUp();
  using right = await setUp({ name: left.name });

  const decisions = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => (index % 2 === 0 ? left : right).limiter.take('key', slowly)),
  );

  expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(slowly.burst);
});

test('a key is gone when its bucket is full again', async () => {
  using fixture = await setUp();
  await fixture.limiter.take('key', { perMinute: 60, burst: 5 });
  await fixture.limiter.take('key', { perMinute: 60, burst: 5 });

  const ttlMs = await fixture.redis.pttl(redisKey('rate', { tag: 'key' }, fixture.name));

  expect(ttlMs).toBeGreaterThan(1_000);
  expect(ttlMs).toBeLessThanOrEqual(2_000);
});

test('an arrival time from the future or a broken value locks nobody out', async () => {
  using fixture = await setUp();
  await fixture.redis.set(redisKey('rate', { tag: 'future' }, fixture.name), '9000000000000000', 'PX', 10_000);
  await fixture.redis.set(redisKey('rate', { tag: 'broken' }, fixture.name), 'not a number', 'PX', 10_000);

  const future = await fixture.limiter.take('future', slowly);
  expect(future.allowed).toBe(false);
  expect(future.retryAfterMs).toBeLessThanOrEqual(60_000);
  expect((await fixture.limiter.take('broken', slowly)).allowed).toBe(true);
});

test('a client that stays below a high limit is soon decided without a round trip', async () => {
  using fixture = await setUp();
  const limit = { perMinute: 600_000 };
  for (let sent = 0; sent < 50; sent += 1) await fixture.limiter.take('key', limit);

  const decisions = Array.from({ length: 5 }, () => fixture.limiter.take('key', limit));

  expect(decisions).toEqual(Array(5).fill({ allowed: true, granted: 1, retryAfterMs: 0 }));
  const text = await fixture.metricsText();
  expect(text).toMatch(/gantry_rate_limit_leased_keys\{.*\} 1\n/);
  expect(text).toMatch(/gantry_rate_limit_refills_total\{.*outcome="granted".*\} [1-9]/);
});

test('a lost Redis lets the fallback limit, is said once, and is used again when it is back', async () => {
  using fixture = await setUp();
  const { limiter, redis, clock } = fixture;
  expect((await limiter.take('key', slowly)).allowed).toBe(true);
  const ended = once(redis, 'end');
  closeRedis(redis);
  await ended;

  const decisions = [];
  for (let taken = 0; taken < 7; taken += 1) {
    decisions.push(await limiter.take('key', slowly));
  }
  expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, true, true, true, false, false]);
  expect(await fixture.degraded()).toBe('1');

  await redis.connect();
  clock.nowMs += 1_000;
  await limiter.take('probe', slowly);
  await expect.poll(fixture.degraded).toBe('0');

  expect((await limiter.take('key', slowly)).allowed).toBe(true);
  expect(fixture.logs).toEqual([
    'the rate limiter counts by itself, its shared store is lost',
    'the rate limiter shares its counts again',
  ]);
});

test('a Redis that never answers delays no request after the first', async () => {
  await using proxy = await startSwallowingProxy(redisUrl());
  using fixture = await setUp({ url: `redis://127.0.0.1:${proxy.port}` });
  expect((await fixture.limiter.take('key', slowly)).allowed).toBe(true);
  proxy.swallow();

  // Each would take the command timeout of 500 ms, and all together longer than a test may.
  for (let taken = 0; taken < 1_000; taken += 1) {
    expect((await fixture.limiter.take(`key ${taken}`, slowly)).allowed).toBe(true);
  }

  expect(fixture.logs).toEqual(['the rate limiter counts by itself, its shared store is lost']);
  expect(await fixture.degraded()).toBe('1');
});

/** Forwards to a server until it is told to keep connections open and forward nothing any more. */
async function startSwallowingProxy(
  url: string,
): Promise<AsyncDisposable & { readonly port: number; swallow(): void }> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  const server = createServer((downstream) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port || 6379) });
    const forward = (from: Socket, to: Socket) => {
      sockets.add(from);
      from.on('data', (bytes) => isSwallowing || to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    };
    forward(downstream, upstream);
    forward(upstream, downstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('the server has no port');
  }
  return {
    port: address.port,
    swallow: () => {
      isSwallowing = true;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
