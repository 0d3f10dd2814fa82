import { randomBytes } from 'node:crypto';

import pg from 'pg';

import { testDatabaseServerUrl } from './server-urls.ts';

/** An empty database for one test file. Disposing of it drops it, whoever is still connected. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
}

/** Says what a new database begins with. */
export interface CreateTestDatabaseOptions {
  /** Name of a database to copy, to which nobody may be connected. Default: an empty one. */
  readonly template?: string;
}

/** Creates a database with a random name on the server of DATABASE_URL. */
export async function createTestDatabase(options: CreateTestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = testDatabaseServerUrl();
  const name = `gantry_test_${randomBytes(8).toString('hex')}`;
  const template = pg.escapeIdentifier(options.template ?? 'template0');
  await run(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: () => run(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function run(connectionString: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString, application_name: 'gantry-testkit' });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
