import { randomUUID } from 'node:crypto';

import { createPool, query } from '@gantry/postgres';
import { closeRedis, createRedis } from '@gantry/redis';
import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { CacheStore } from '../src/cache-store.ts';
import { createPgCacheStore } from '../src/pg-cache-store.ts';
import { createRedisCacheStore } from '../src/redis-cache-store.ts';
import { STORE_KEY_CHARS_MAX } from '../src/store-key.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const metrics = createMetricsRegistry({ service: 'test' });
const table = `cache_entries_${randomUUID().replaceAll('-', '_')}`;
const pool = createPool({ connectionString: env('DATABASE_URL'), applicationName: 'cache-test', logger, metrics });
const redis = createRedis({ url: env('REDIS_URL'), name: 'test', logger, metrics });

const stores: readonly (readonly [string, CacheStore])[] = [
  ['Redis', createRedisCacheStore({ redis, area: `test-${randomUUID()}` })],
  ['Postgres', createPgCacheStore({ pool, table })],
];

beforeAll(async () => {
  // As README.md tells the owner of a table to make it.
  await query(
    pool,
    `CREATE TABLE ${table} (key text PRIMARY KEY, value bytea NOT NULL, expires_at timestamptz NOT NULL)`,
  );
  await query(pool, `CREATE INDEX ON ${table} (expires_at)`);
  await vi.waitFor(() => expect(redis.status).toBe('ready'));
});

afterAll(async () => {
  await query(pool, `DROP TABLE ${table}`);
  await pool.end();
  closeRedis(redis);
});

describe.each(stores)('the %s store', (_name, store) => {
  test('returns the bytes that were set, whatever they are', async () => {
    const key = randomUUID();
    const bytes = Uint8Array.from({ length: 512 }, (_value, index) => index);
    // A view into the middle of a larger buffer, as decoders make them.
    await store.set(key, bytes.subarray(100, 300), 10_000);

    expect(Uint8Array.from((await store.get(key)) ?? [])).toEqual(bytes.slice(100, 300));
  });

  test('keeps nothing of an empty value but that it is there', async () => {
    const key = randomUUID();
    await store.set(key, new Uint8Array(), 10_000);

    expect(await store.get(key)).toHaveLength(0);
  });

  test('replaces what was there', async () => {
    const key = randomUUID();
    await store.set(key, Buffer.from('old'), 10_000);
    await store.set(key, Buffer.from('new'), 10_000);

    expect(Buffer.from((await store.get(key)) ?? []).toString()).toBe('new');
  });

  test('has nothing under a key that was never set or was deleted', async () => {
    const key = randomUUID();
    expect(await store.get(key)).toBeUndefined();
    await store.set(key, Buffer.from('v'), 10_000);
    await store.delete(key);
    await store.delete(key);

    expect(await store.get(key)).toBeUndefined();
  });

  test('forgets an entry when its time is over, also one of part of a millisecond', async () => {
    const key = randomUUID();
    await store.set(key, Buffer.from('v'), 0.25);

    await expect.poll(() => store.get(key)).toBeUndefined();
  });

  test.each([
    ['longest', 'k'.repeat(STORE_KEY_CHARS_MAX)],
    ['too long', 'k'.repeat(100_000)],
    ['empty', ''],
    ['NUL', 'a\0b'],
    ['lone surrogate', 'a\ud800'],
    ['another lone surrogate', 'a\ud801'],
    ['not ASCII', '🔑'.repeat(STORE_KEY_CHARS_MAX / 2)],
    ['braces', '}{a}:b{'],
    ['uri', 'https://example.com/a?b=c#d e'],
  ])('takes any key: %s', async (name, key) => {
    await store.set(key, Buffer.from(name), 10_000);

    expect(Buffer.from((await store.get(key)) ?? []).toString()).toBe(name);
    await store.delete(key);
    expect(await store.get(key)).toBeUndefined();
  });

  test('does not mistake one key for another', async () => {
    const keys = ['a\ud800', 'a\ud801', 'a\ufffd', 'k'.repeat(600), 'k'.repeat(601)].map((key) => randomUUID() + key);
    for (const key of keys) {
      await store.set(key, Buffer.from(key, 'utf16le'), 10_000);
    }

    for (const key of keys) {
      expect(Buffer.from((await store.get(key)) ?? []).toString('utf16le')).toBe(key);
    }
  });
});

test('the Postgres store sweeps expired rows up to a limit and leaves the others', async () => {
  const store = createPgCacheStore({ pool, table });
  await query(pool, `DELETE FROM ${table}`);
  for (const key of ['a', 'b', 'c']) {
    await store.set(key, Buffer.from('v'), 0.001);
  }
  await store.set('alive', Buffer.from('v'), 60_000);

  await expect.poll(() => store.deleteExpired(2)).toBe(2);
  expect(await store.deleteExpired(2)).toBe(1);
  expect(await store.deleteExpired(2)).toBe(0);
  expect(await store.get('alive')).toBeDefined();
});

test.each(['a.b.c', 'Upper', 'x; DROP TABLE y', '"quoted"', '', 'a.'])('%j is not taken for a table', (name) => {
  expect(() => createPgCacheStore({ pool, table: name })).toThrow(RangeError);
});

function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set; the global setup of the tests sets it`);
  }
  return value;
}
