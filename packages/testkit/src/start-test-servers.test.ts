import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, test } from 'vitest';

import { createTestDatabase } from './create-test-database.ts';
import { testRedisUrl } from './server-urls.ts';
import { startTestServers } from './start-test-servers.ts';

test('workers find servers that answer in DATABASE_URL and REDIS_URL', async () => {
  await using database = await createTestDatabase();
  expect(await selectOne(database.url)).toBe(1);
  expect(await ping(testRedisUrl())).toBe('PONG');
});

test('servers that are given are used as they are', async () => {
  const given = { databaseUrl: 'postgres://given/db', redisUrl: 'redis://given' };
  await using servers = await startTestServers(given);
  expect(servers).toMatchObject(given);
});

test('servers that are not given are started, and gone afterwards', { timeout: 60_000 }, async () => {
  let databaseUrl = '';
  let redisUrl = '';
  {
    await using servers = await startTestServers({ databaseUrl: '', redisUrl: undefined });
    ({ databaseUrl, redisUrl } = servers);
    expect(await selectOne(databaseUrl)).toBe(1);
    expect(await ping(redisUrl)).toBe('PONG');
  }
  await expect(selectOne(databaseUrl)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(ping(redisUrl)).rejects.toThrow();
});

async function selectOne(connectionString: string): Promise<unknown> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    return (await client.query('SELECT 1 AS one')).rows[0].one;
  } finally {
    await client.end();
  }
}

async function ping(url: string): Promise<string> {
  const redis = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  try {
    return await redis.ping();
  } finally {
    redis.disconnect();
  }
}
