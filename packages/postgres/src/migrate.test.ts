import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { createLogger } from '@gantry/telemetry';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createThrowawayDatabase, openTestPool } from '../test/throwaway-database.ts';
import type { ThrowawayDatabase } from '../test/throwaway-database.ts';
import { migrate } from './migrate.ts';

let database: ThrowawayDatabase;
let folder: string;
let lines: string[];

beforeEach(async () => {
  database = await createThrowawayDatabase();
  folder = await mkdtemp(join(tmpdir(), 'gantry-migrations-'));
  lines = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await database[Symbol.asyncDispose]();
});

test('migrations run in order, in their schema, once', async () => {
  await write('000002-colour.sql', `ALTER TABLE note ADD colour text DEFAULT 'blue';`);
  await write('000001-note.sql', `CREATE TABLE note (id integer);\nINSERT INTO tool.note VALUES (1);`);
  await write('README.md', 'not a migration');
  await run();
  await run();
  expect(await database.run('SELECT * FROM tool.note')).toEqual([{ id: 1, colour: 'blue' }]);
  expect(await applied()).toEqual(['000001-note.sql', '000002-colour.sql']);
});

test('five processes that start at once apply each migration once', async () => {
  await write('000001-note.sql', 'CREATE TABLE note (id integer); SELECT pg_sleep(0.05);');
  await write('000002-insert.sql', 'INSERT INTO note VALUES (1);');
  await Promise.all([1, 2, 3, 4, 5].map(() => run()));
  expect(await database.run('SELECT count(*)::int AS count FROM tool.note')).toEqual([{ count: 1 }]);
  expect(await applied()).toEqual(['000001-note.sql', '000002-insert.sql']);
});

test('waiting for another process is not ended by the statement timeout of the pool', async () => {
  await write('000001-note.sql', 'CREATE TABLE note (id integer); SELECT pg_sleep(0.3);');
  await Promise.all([run({ queryTimeoutMs: 50 }), run({ queryTimeoutMs: 50 })]);
  expect(await applied()).toEqual(['000001-note.sql']);
});

test('a migration that fails leaves nothing behind, is named, and runs again once it is mended', async () => {
  await write('000001-note.sql', 'CREATE TABLE note (id integer);');
  await write('000002-broken.sql', 'CREATE TABLE other (id integer); SELECT * FROM missing;');
  await expect(run()).rejects.toThrow('migration tool/000002-broken.sql failed: relation "missing" does not exist');
  expect(await applied()).toEqual(['000001-note.sql']);
  expect(await database.run(`SELECT to_regclass('tool.other') AS other`)).toEqual([{ other: null }]);

  await write('000002-broken.sql', 'CREATE TABLE other (id integer);');
  await run();
  expect(await applied()).toEqual(['000001-note.sql', '000002-broken.sql']);
});

test('a migration that was changed after it was applied is refused, other line ends are not a change', async () => {
  await write('000001-note.sql', 'CREATE TABLE note (\n  id integer\n);\n');
  await run();
  await write('000001-note.sql', 'CREATE TABLE note (\r\n  id integer\r\n);\r\n');
  await run();
  await write('000001-note.sql', 'CREATE TABLE note (id bigint);');
  await expect(run()).rejects.toThrow(/000001-note\.sql was changed after it was applied/);
});

test('old code keeps running on a schema that newer code has migrated, and says so', async () => {
  await write('000001-note.sql', 'CREATE TABLE note (id integer);');
  await write('000002-colour.sql', 'ALTER TABLE note ADD colour text;');
  await run();
  await rm(join(folder, '000002-colour.sql'));
  await run();
  expect(lines.at(-1)).toContain('database schema is newer than this code');
  expect(await applied()).toEqual(['000001-note.sql', '000002-colour.sql']);
});

test('schemas do not see each other', async () => {
  await write('000001-note.sql', 'CREATE TABLE note (id integer);');
  await Promise.all([run(), run({ schema: 'context' })]);
  expect(await database.run(`SELECT to_regclass('context.note') IS NOT NULL AS found`)).toEqual([{ found: true }]);
});

test('a user without the right to create schemas can start on a schema that is there', async () => {
  await write('000001-note.sql', 'CREATE TABLE note (id integer);');
  await run();
  await database.run(`
    CREATE ROLE ${roleName()} LOGIN PASSWORD 'test-only';
    GRANT USAGE ON SCHEMA tool TO ${roleName()};
    GRANT SELECT ON ALL TABLES IN SCHEMA tool TO ${roleName()};`);
  const url = new URL(database.url);
  url.username = roleName();
  url.password = 'test-only';
  try {
    await run({ url: url.href });
  } finally {
    await database.run(`DROP OWNED BY ${roleName()}; DROP ROLE ${roleName()};`);
  }
});

test('a file or a schema with a bad name is refused before anything is done', async () => {
  await expect(run({ schema: 'tool"; DROP SCHEMA public; --' })).rejects.toThrow(/is not the name of a schema/);
  await write('1-note.sql', '');
  await expect(run()).rejects.toThrow(/1-note\.sql is not the name of a migration/);
  await rm(join(folder, '1-note.sql'));
  await write('000000-note.sql', '');
  await expect(run()).rejects.toThrow(/000000-note\.sql is not the name of a migration/);
});

test('two files with one number are refused', async () => {
  await write('000001-a.sql', '');
  await write('000001-b.sql', '');
  await expect(run()).rejects.toThrow(/000001-a\.sql and 000001-b\.sql have the same number/);
});

test('a database that is not there is DATABASE_UNAVAILABLE', async () => {
  await expect(run({ url: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
    reason: 'DATABASE_UNAVAILABLE',
  });
});

interface RunOptions {
  readonly schema?: string;
  readonly url?: string;
  readonly queryTimeoutMs?: number;
}

async function run({ schema = 'tool', url = database.url, queryTimeoutMs = 10_000 }: RunOptions = {}): Promise<void> {
  await using open = openTestPool(url, { maxConnections: 1, queryTimeoutMs });
  const logger = createLogger({
    service: 'test',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  await migrate({ pool: open.pool, schema, directory: pathToFileURL(folder), logger });
}

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
}

async function applied(): Promise<unknown[]> {
  const rows = await database.run('SELECT array_agg(name ORDER BY number) AS names FROM tool.migrations');
  return rows.flatMap((row) =>
    typeof row === 'object' && row !== null && 'names' in row && Array.isArray(row.names) ? row.names : [],
  );
}

/** Roles belong to the whole server, so the name is as unique as the database's. */
function roleName(): string {
  return new URL(database.url).pathname.slice(1);
}
