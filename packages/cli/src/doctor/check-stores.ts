import { Redis } from 'ioredis';
import pg from 'pg';

import { settingOf } from '../setting.ts';
import type { Check } from './check.ts';

const TIMEOUT_MS = 3_000;
/** Older ones are near the end of their maintenance, and nothing here is tested on them. */
const POSTGRES_VERSION_MIN = 150_000;

/** Connects to Postgres and asks its version. */
export async function checkDatabase(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const name = 'postgres';
  try {
    const url = await settingOf('DATABASE_URL', env);
    if (url === undefined) {
      return [{ name, state: 'skipped', found: 'DATABASE_URL is not set: `npm start` brings its own Postgres' }];
    }
    const version = await fetchPostgresVersion(url);
    if (version.number >= POSTGRES_VERSION_MIN) return [{ name, state: 'ok', found: `version ${version.name}` }];
    return [{ name, state: 'failed', found: `version ${version.name}`, todo: 'use Postgres 15 or newer' }];
  } catch (error) {
    return [storeFailure(name, 'DATABASE_URL', error)];
  }
}

/** Connects to Redis and pings it. */
export async function checkRedis(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const name = 'redis';
  try {
    const url = await settingOf('REDIS_URL', env);
    if (url === undefined) {
      return [{ name, state: 'skipped', found: 'REDIS_URL is not set: what it would hold is kept in each process' }];
    }
    if (/^redis\+\w+:/.test(url))
      return [{ name, state: 'skipped', found: 'a cluster or sentinels: ask its own tools' }];
    if (!/^rediss?:/.test(url)) throw new Error('it is not a redis:// URL');
    await pingRedis(url);
    return [{ name, state: 'ok', found: 'answers' }];
  } catch (error) {
    return [storeFailure(name, 'REDIS_URL', error)];
  }
}

async function fetchPostgresVersion(url: string): Promise<{ readonly number: number; readonly name: string }> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  // A connection that breaks fails the query too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ number: string; name: string }>(
      `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS name`,
    );
    return { number: Number(rows[0]?.number), name: rows[0]?.name ?? 'unknown' };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function pingRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let connectionError: unknown;
  redis.on('error', (error: unknown) => {
    connectionError ??= error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    // The client itself only says that its connection is closed.
    throw connectionError ?? error;
  } finally {
    redis.disconnect();
  }
}

function storeFailure(name: string, variable: string, error: unknown): Check {
  return { name, state: 'failed', found: describe(error), todo: `is it running, and is ${variable} right?` };
}

/** A refused connection to a name with several addresses has no message of its own. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
}
