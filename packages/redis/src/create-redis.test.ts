import { randomUUID } from 'node:crypto';

import { expect, test } from 'vitest';

import { connectRedis, nextEvent, openRedis, redisAddress } from '../test/redis-fixture.ts';
import { startTcpProxy } from '../test/tcp-proxy.ts';
import { redisKey } from './redis-key.ts';
import { isRedisOutage } from './redis-outage.ts';

const proxyUrl = (proxy: { readonly port: number }) => `redis://127.0.0.1:${proxy.port}`;

async function upGauge(metrics: { metrics(): Promise<string> }): Promise<string | undefined> {
  return (await metrics.metrics()).split('\n').find((line) => line.startsWith('gantry_redis_up{'));
}

test('a client connects, reads and writes, and shows that it is up', async () => {
  await using fixture = await connectRedis();
  const key = redisKey('test', { tag: randomUUID() });

  await fixture.redis.set(key, 'value', 'PX', 10_000);

  expect(await fixture.redis.get(key)).toBe('value');
  expect(await upGauge(fixture.metrics)).toBe('gantry_redis_up{client="test",service="test"} 1');
  expect(fixture.logs).toEqual([]);
});

test('a Redis that was never there fails commands at once and is logged once however often it is tried', async () => {
  await using proxy = await startTcpProxy(redisAddress());
  proxy.setMode('refuse');
  await using fixture = openRedis({ url: proxyUrl(proxy) });

  await expect(fixture.redis.get('x')).rejects.toSatisfy(isRedisOutage);
  await expect.poll(() => proxy.connectionsTotal, { timeout: 5_000 }).toBeGreaterThan(3);

  expect(fixture.logs.map(({ msg }) => msg)).toEqual(['redis is not available']);
  expect(await upGauge(fixture.metrics)).toContain(' 0');
});

test('a lost connection fails what is under way, and heals by itself with one line for each turn', async () => {
  await using proxy = await startTcpProxy(redisAddress());
  await using fixture = await connectRedis({ url: proxyUrl(proxy) });
  const { redis } = fixture;

  proxy.setMode('swallow');
  const underWay = redis.get('x');
  proxy.setMode('refuse');
  proxy.cutAll();
  await expect(underWay).rejects.toSatisfy(isRedisOutage);
  await expect(redis.get('x')).rejects.toSatisfy(isRedisOutage);

  proxy.setMode('pass');
  await nextEvent(redis, 'ready');
  expect(await redis.ping()).toBe('PONG');
  expect(fixture.logs.map(({ msg }) => msg)).toEqual(['redis is not available', 'redis is available again']);
  expect(await upGauge(fixture.metrics)).toContain(' 1');
});

test('a Redis that no longer answers fails a command instead of holding it', async () => {
  await using proxy = await startTcpProxy(redisAddress());
  await using fixture = await connectRedis({ url: proxyUrl(proxy) });

  proxy.setMode('swallow');

  await expect(fixture.redis.get('x')).rejects.toThrow('Command timed out');
});

test('a peer that vanished silently is replaced by a new connection', { timeout: 20_000 }, async () => {
  await using proxy = await startTcpProxy(redisAddress());
  await using fixture = await connectRedis({ url: proxyUrl(proxy) });
  const lost = nextEvent(fixture.redis, 'close');

  proxy.setMode('swallow');
  await expect(fixture.redis.get('x')).rejects.toSatisfy(isRedisOutage);
  await lost;
  proxy.setMode('pass');
  await nextEvent(fixture.redis, 'ready');

  expect(await fixture.redis.ping()).toBe('PONG');
});

test('closing on purpose is not reported as an outage', async () => {
  const fixture = await connectRedis();
  const ended = nextEvent(fixture.redis, 'end');

  await fixture[Symbol.asyncDispose]();
  await ended;
  await fixture[Symbol.asyncDispose]();

  expect(fixture.logs).toEqual([]);
  expect(await upGauge(fixture.metrics)).toContain(' 0');
  await expect(fixture.redis.get('x')).rejects.toSatisfy(isRedisOutage);
});

test.each([
  ['a cluster', (port: number) => `redis+cluster://127.0.0.1:${port}`],
  ['sentinels', (port: number) => `redis+sentinel://127.0.0.1:${port}/main`],
])('%s that cannot be reached fails commands and is logged once', async (_kind, toUrl) => {
  await using proxy = await startTcpProxy(redisAddress());
  proxy.setMode('refuse');
  await using fixture = openRedis({ url: toUrl(proxy.port) });

  await expect(fixture.redis.get('x')).rejects.toSatisfy(isRedisOutage);
  await expect.poll(() => proxy.connectionsTotal, { timeout: 5_000 }).toBeGreaterThan(3);

  expect(fixture.logs.map(({ msg }) => msg)).toEqual(['redis is not available']);
});
