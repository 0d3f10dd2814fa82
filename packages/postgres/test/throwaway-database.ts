import { randomBytes } from 'node:crypto';

import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import type { Registry } from '@gantry/telemetry';
import pg from 'pg';

import { createPool } from '../src/create-pool.ts';
import type { CreatePoolOptions } from '../src/create-pool.ts';

/** A database of its own for one test file, on the server of DATABASE_URL. */
export interface ThrowawayDatabase extends AsyncDisposable {
  readonly url: string;
  /** Runs one statement on a connection beside the pool under test. */
  run(text: string): Promise<unknown[]>;
}

export async function createThrowawayDatabase(): Promise<ThrowawayDatabase> {
  const server = process.env['DATABASE_URL'];
  if (server === undefined)
    throw new Error('set DATABASE_URL, or run vitest with the global setup of packages/testkit');
  const name = `gantry_test_${randomBytes(8).toString('hex')}`;
  await runOn(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    run: (text) => runOn(url.href, text),
    [Symbol.asyncDispose]: async () => {
      await runOn(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** A pool under test that closes with its scope. */
export interface TestPool extends AsyncDisposable {
  readonly pool: pg.Pool;
  readonly metrics: Registry;
}

export function openTestPool(connectionString: string, options: Partial<CreatePoolOptions> = {}): TestPool {
  const metrics = createMetricsRegistry({ service: 'test' });
  const logger = createLogger({ service: 'test', level: 'silent' });
  const pool = createPool({ connectionString, applicationName: 'pool-test', logger, metrics, ...options });
  return { pool, metrics, [Symbol.asyncDispose]: () => pool.end() };
}

async function runOn(connectionString: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query(text);
    return rows;
  } finally {
    await client.end();
  }
}
