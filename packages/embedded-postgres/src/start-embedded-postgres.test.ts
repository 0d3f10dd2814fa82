import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isRunning, listServerProcesses } from './process-facts.ts';
import { startEmbeddedPostgres } from './start-embedded-postgres.ts';
import type { EmbeddedPostgres } from './start-embedded-postgres.ts';

const NOBODY = 65_534;
const runsAsRoot = process.getuid?.() === 0;

let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gantry-postgres-')));
  await chmod(folder, 0o755);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('data survives a stop and a start, and nothing runs in between', { timeout: 60_000 }, async () => {
  const dataDirectory = join(folder, 'restart');
  const first = await startEmbeddedPostgres({ dataDirectory, durable: true });
  await query(first.url(), 'CREATE TABLE note AS SELECT 42 AS answer');
  await Promise.all([first.stop(), first.stop()]);
  expect(await isRunning(first.pid)).toBe(false);
  expect(await listServerProcesses(join(dataDirectory, 'pgdata'), undefined)).toEqual([]);
  expect((await readdir(dataDirectory)).toSorted()).toEqual(['pgdata', 'postgres-password']);

  await using second = await startEmbeddedPostgres({ dataDirectory, durable: true });
  expect(await query(second.url(), 'SELECT answer FROM note')).toEqual([{ answer: 42 }]);
});

describe('a running server', () => {
  let postgres: EmbeddedPostgres;
  let dataDirectory: string;

  beforeAll(async () => {
    dataDirectory = join(folder, 'running');
    postgres = await startEmbeddedPostgres({ dataDirectory, durable: false });
  }, 60_000);

  afterAll(async () => {
    await postgres.stop();
  });

  test('a second start on the same folder is refused and does no harm', async () => {
    const second = startEmbeddedPostgres({ dataDirectory, durable: false });
    await expect(second).rejects.toMatchObject({ reason: 'FOLDER_IN_USE' });
    await expect(second).rejects.toThrow(/stop it first, or use another data folder/);
    expect(await query(postgres.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('it says where its data is', async () => {
    expect(postgres.directory).toBe(await realpath(dataDirectory));
  });

  test('it runs as an unprivileged user', async () => {
    expect((await stat(join(dataDirectory, 'pgdata'))).uid).toBe(runsAsRoot ? NOBODY : process.getuid?.());
    if (process.platform !== 'linux') return;
    expect((await stat(`/proc/${postgres.pid}`)).uid).toBe(runsAsRoot ? NOBODY : process.getuid?.());
  });

  test.runIf(process.platform === 'linux')(
    'it leads a process group of its own, which Ctrl-C does not reach',
    async () => {
      const status = await readFile(`/proc/${postgres.pid}/stat`, 'utf8');
      const [, , group] = status.slice(status.lastIndexOf(')') + 2).split(' ');
      expect(group).toBe(String(postgres.pid));
    },
  );

  test('it wants the password, which only its owner can read', async () => {
    expect((await stat(join(dataDirectory, 'postgres-password'))).mode & 0o777).toBe(0o600);
    const url = new URL(postgres.url());
    expect(url.hostname).toBe('127.0.0.1');
    url.password = 'wrong';
    await expect(query(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('it sorts and folds text the same on every machine', async () => {
    const rows = await query(
      postgres.url(),
      `SELECT datlocprovider AS provider, datlocale AS locale, upper('é') AS upper FROM pg_database WHERE datname = 'postgres'`,
    );
    expect(rows).toEqual([{ provider: 'b', locale: 'C.UTF-8', upper: 'É' }]);
  });

  test('a notification reaches another connection', async () => {
    await using listener = await connect(postgres.url());
    await listener.client.query('LISTEN news');
    const notified = once(listener.client, 'notification');
    await query(postgres.url(), `NOTIFY news, 'hello'`);
    expect(await notified).toEqual([expect.objectContaining({ channel: 'news', payload: 'hello' })]);
  });

  test('a fixed port that is taken is an error that says so', async () => {
    const blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const start = startEmbeddedPostgres({ dataDirectory: join(folder, 'port'), durable: false, port });
    await expect(start).rejects.toThrow(`port ${port} is taken`);
    blocker.close();
    expect(await readdir(join(folder, 'port'))).not.toContain('gantry.lock');
  });
});

describe('a postmaster that is killed', () => {
  const patience = { timeout: 30_000 };

  test('is started again on the same port and data', { timeout: 60_000 }, async () => {
    const dataDirectory = join(folder, 'killed');
    const lines: string[] = [];
    await using postgres = await startEmbeddedPostgres({
      dataDirectory,
      durable: true,
      log: (line) => lines.push(line),
    });
    const { pid } = postgres;
    const url = postgres.url();
    await query(url, 'CREATE TABLE note AS SELECT 7 AS answer');
    // A backend that would not notice for a minute that its postmaster is gone.
    await using busy = await connect(url);
    const broken = expect(busy.client.query(`SELECT count(*) FROM generate_series(1, 1e9)`)).rejects.toThrow();
    process.kill(pid, 'SIGKILL');
    await expect
      .poll(() => query(url, 'SELECT answer FROM note').catch(() => undefined), patience)
      .toEqual([{ answer: 7 }]);
    await broken;
    expect(postgres.url()).toBe(url);
    expect(postgres.pid).not.toBe(pid);
    expect(lines).toContain('Postgres ended unexpectedly (signal SIGKILL)');
    expect(lines).toContain(`Postgres runs again (process ${postgres.pid})`);

    // Once more: the one that replaced it is looked after as well.
    process.kill(postgres.pid, 'SIGKILL');
    await expect
      .poll(() => query(url, 'SELECT answer FROM note').catch(() => undefined), patience)
      .toEqual([{ answer: 7 }]);
  });

  test('leaves nothing running when it is stopped while it starts again', { timeout: 60_000 }, async () => {
    const dataDirectory = join(folder, 'killed-and-stopped');
    const lines: string[] = [];
    const postgres = await startEmbeddedPostgres({ dataDirectory, durable: true, log: (line) => lines.push(line) });
    await query(postgres.url(), 'CREATE TABLE note AS SELECT 8 AS answer');
    process.kill(postgres.pid, 'SIGKILL');
    await expect.poll(() => lines, patience).toContain('Postgres ended unexpectedly (signal SIGKILL)');
    await postgres.stop();
    expect(await listServerProcesses(join(dataDirectory, 'pgdata'), undefined)).toEqual([]);
    expect((await readdir(dataDirectory)).toSorted()).toEqual(['pgdata', 'postgres-password']);

    await using second = await startEmbeddedPostgres({ dataDirectory, durable: true });
    expect(await query(second.url(), 'SELECT answer FROM note')).toEqual([{ answer: 8 }]);
  });

  test('is lost when it cannot be started again', { timeout: 60_000 }, async () => {
    const dataDirectory = join(folder, 'killed-and-lost');
    const postgres = await startEmbeddedPostgres({ dataDirectory, durable: false });
    await rm(join(dataDirectory, 'pgdata/global/pg_control'));
    process.kill(postgres.pid, 'SIGKILL');
    const error = await postgres.lost;
    expect(error).toMatchObject({
      reason: 'LOST',
      message: expect.stringContaining('could not find the database system'),
    });
    await postgres.stop();
    expect(await readdir(dataDirectory)).not.toContain('gantry.lock');
  });
});

test(
  'a Postgres whose parent was killed is stopped, and its data served, by the next start',
  { timeout: 60_000 },
  async () => {
    const dataDirectory = join(folder, 'orphan');
    const parent = fork(new URL('./orphan-fixture.ts', import.meta.url), [dataDirectory], { execArgv: [] });
    const [orphan] = await once(parent, 'message');
    await query(orphan.url, 'CREATE TABLE note AS SELECT 9 AS answer');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(await isRunning(orphan.pid)).toBe(true);

    const lines: string[] = [];
    await using postgres = await startEmbeddedPostgres({
      dataDirectory,
      durable: true,
      log: (line) => lines.push(line),
    });
    expect(lines).toContain(`stopping a Postgres that an earlier run left behind (process ${orphan.pid})`);
    expect(await isRunning(orphan.pid)).toBe(false);
    expect(postgres.pid).not.toBe(orphan.pid);
    expect(await query(postgres.url(), 'SELECT answer FROM note')).toEqual([{ answer: 9 }]);
  },
);

test(
  'a process id in a stale file that another program uses now does not stop the start',
  { timeout: 60_000 },
  async () => {
    const dataDirectory = join(folder, 'reused');
    const first = await startEmbeddedPostgres({ dataDirectory, durable: false });
    await first.stop();
    await writeFile(join(dataDirectory, 'pgdata/postmaster.pid'), `${process.pid}\n${dataDirectory}/pgdata\n`);
    await using second = await startEmbeddedPostgres({ dataDirectory, durable: false });
    expect(await query(second.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  },
);

test('what a start that died half way left is removed', { timeout: 60_000 }, async () => {
  const dataDirectory = join(folder, 'unfinished');
  const abort = new AbortController();
  const start = startEmbeddedPostgres({ dataDirectory, durable: false, signal: abort.signal });
  await expect
    .poll(() =>
      readdir(dataDirectory).then(
        (names) => names.some((name) => name.startsWith('pgdata.new-')),
        () => false,
      ),
    )
    .toBe(true);
  abort.abort();
  await expect(start).rejects.toThrow('aborted');
  await writeFile(join(dataDirectory, 'pgdata.new-0'), 'left behind by a killed process');

  await using postgres = await startEmbeddedPostgres({ dataDirectory, durable: false });
  expect(await isRunning(postgres.pid)).toBe(true);
  expect((await readdir(dataDirectory)).toSorted()).toEqual(['gantry.lock', 'pgdata', 'postgres-password']);
});

describe('data that cannot be served', () => {
  let dataDirectory: string;

  beforeAll(async () => {
    dataDirectory = join(folder, 'unservable');
    const postgres = await startEmbeddedPostgres({ dataDirectory, durable: false });
    await postgres.stop();
  }, 60_000);

  test('data of another major version is refused', async () => {
    const file = join(dataDirectory, 'pgdata/PG_VERSION');
    const version = await readFile(file, 'utf8');
    await writeFile(file, '15\n');
    const start = startEmbeddedPostgres({ dataDirectory, durable: false });
    await expect(start).rejects.toMatchObject({ reason: 'VERSION_MISMATCH' });
    await expect(start).rejects.toThrow('was made by Postgres 15, and this is Postgres 18');
    await writeFile(file, version);
  });

  test('data that Postgres cannot read is an error that carries its words', async () => {
    const file = join(dataDirectory, 'pgdata/global/pg_control');
    const control = await readFile(file);
    await rm(file);
    await expect(startEmbeddedPostgres({ dataDirectory, durable: false })).rejects.toThrow(
      /could not find the database system/,
    );
    await writeFile(file, control);
  });

  test('data without its password is refused', async () => {
    await rm(join(dataDirectory, 'postgres-password'));
    await expect(startEmbeddedPostgres({ dataDirectory, durable: false })).rejects.toMatchObject({
      reason: 'DATA_MISSING',
    });
  });
});

test.runIf(runsAsRoot)('root can use a folder that only root can reach', { timeout: 60_000 }, async () => {
  const closed = join(folder, 'closed');
  const options = { dataDirectory: join(closed, 'data'), fallbackDirectory: join(folder, 'fallback'), durable: false };
  await mkdir(closed, { mode: 0o700 });

  const lines: string[] = [];
  const first = await startEmbeddedPostgres({ ...options, log: (line) => lines.push(line) });
  expect(lines).toContainEqual(
    expect.stringMatching(/^Postgres keeps its data in .*\/fallback\/[0-9a-f]{12}, because uid 65534/),
  );
  await query(first.url(), 'CREATE TABLE note AS SELECT 11 AS answer');
  await first.stop();
  expect(await readdir(options.dataDirectory)).toEqual(['postgres-location.txt']);

  await using second = await startEmbeddedPostgres(options);
  expect(await query(second.url(), 'SELECT answer FROM note')).toEqual([{ answer: 11 }]);
  expect(second.directory).toMatch(/\/fallback\/[0-9a-f]{12}$/);
});

interface Connection extends AsyncDisposable {
  readonly client: pg.Client;
}

async function connect(connectionString: string): Promise<Connection> {
  const client = new pg.Client({ connectionString });
  // A server that is stopped under a connection is reported here, too.
  client.on('error', () => undefined);
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

async function query(connectionString: string, text: string): Promise<unknown> {
  await using connection = await connect(connectionString);
  const { rows } = await connection.client.query(text);
  return rows;
}
