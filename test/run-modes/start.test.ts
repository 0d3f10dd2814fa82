import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { credentialsPath, readCredentials } from '@gantry/data-folder';
import { createTestDatabase, testRedisUrl } from '@gantry/testkit';
import { describe, expect, test, vi } from 'vitest';

import { clusterCommand, createDataFolder, processesWith, startCommand, startOn } from './started-command.ts';

// Each starts an embedded Postgres, some of them twice.
vi.setConfig({ testTimeout: 120_000 });

describe('a Gantry that runs', () => {
  test('Ctrl-C ends everything with exit code 0, and the next start has the same API key', async () => {
    await using folder = await createDataFolder();
    const first = startOn(folder, startCommand);
    const credentials = await first.ready();
    expect((await stat(credentialsPath(folder.path))).mode & 0o777).toBe(0o600);
    const running = (await processesWith(folder.path)).map(({ args }) => args);
    expect(running).toEqual(
      expect.arrayContaining([
        expect.stringContaining('packages/cli/src/main.ts start'),
        expect.stringContaining('services/all/src/main.ts'),
        expect.stringContaining('postgres'),
      ]),
    );
    first.signalGroup('SIGINT');
    expect(await first.ended()).toBe(0);
    expect(first.output().stdout).toMatch(/Gantry is ready[^]*\nStopped\.\n$/);
    // Nobody lost a database that was stopped before it.
    expect(first.output().stderr).toBe('');
    expect(await processesWith(folder.path)).toEqual([]);

    const second = startOn(folder, startCommand);
    // The credentials of the first run are still there until the second removes them.
    await expect.poll(() => second.output().stdout, { timeout: 60_000 }).toContain('Gantry is ready');
    expect((await second.ready()).apiKey).toBe(credentials.apiKey);
    expect((await stat(credentialsPath(folder.path))).mode & 0o777).toBe(0o600);
    // As a supervisor does it: to the command only.
    second.process.kill('SIGTERM');
    expect(await second.ended()).toBe(0);
    expect(await processesWith(folder.path)).toEqual([]);
  });

  test('Ctrl-C through npm start leaves nothing running, and complains about nothing', async () => {
    await using folder = await createDataFolder();
    const npm = startOn(folder, ['npm', 'start']);
    await npm.ready();
    npm.signalGroup('SIGINT');
    // npm ends by the signal itself; what counts is that it waited.
    await npm.ended();
    expect(await processesWith(folder.path)).toEqual([]);
    expect(npm.output().stderr).not.toMatch(/npm error|"level":"(error|fatal)"/);
  });

  test('kill -9 of the command takes everything with it', async () => {
    await using folder = await createDataFolder();
    const command = startOn(folder, startCommand);
    await command.ready();
    command.process.kill('SIGKILL');
    await command.ended();
    await expect.poll(() => processesWith(folder.path), { timeout: 20_000 }).toEqual([]);
  });

  test('--json prints one line that says where everything is; closing the terminal ends it in order', async () => {
    await using folder = await createDataFolder();
    const command = startOn(folder, [...startCommand, '--json']);
    const credentials = await command.ready();
    await expect.poll(() => command.output().stdout).toMatch(/\n$/);
    expect(JSON.parse(command.output().stdout)).toEqual({
      ...credentials,
      credentials: credentialsPath(folder.path),
      adminUrl: expect.stringMatching(/^http:/),
    });
    command.signalGroup('SIGHUP');
    expect(await command.ended()).toBe(0);
    expect(await processesWith(folder.path)).toEqual([]);
  });
});

describe('a Gantry that starts', () => {
  test('Ctrl-C before it is ready ends everything, and it never says that it is ready', async () => {
    await using folder = await createDataFolder();
    const command = startOn(folder, startCommand);
    const isPostgresThere = async () =>
      (await processesWith(folder.path)).some(({ args }) => args.includes('postgres'));
    await expect.poll(isPostgresThere, { timeout: 60_000, interval: 10 }).toBe(true);
    command.signalGroup('SIGINT');
    await command.ended();
    expect(await processesWith(folder.path)).toEqual([]);
    expect(command.output().stdout).not.toContain('ready');
    await expect(stat(credentialsPath(folder.path))).rejects.toThrow('ENOENT');
  });

  test('a port that another program uses is named in a sentence, and nothing is left running', async () => {
    await using folder = await createDataFolder();
    await using server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A server that listens on an IP address has one of this kind.
    const { port } = server.address() as AddressInfo;
    for (const variable of ['GATEWAY_HTTP_PORT', 'GATEWAY_GRPC_PORT', 'ADMIN_PORT']) {
      const command = startOn(folder, startCommand, { [variable]: String(port) });
      expect([variable, await command.ended()]).toEqual([variable, 1]);
      expect(command.output().stderr).toBe(
        `gantry: cannot start: cannot listen on 127.0.0.1:${port}: it is in use; stop the other program or set ${variable} (0 takes any free one)\n`,
      );
      // Not even the database was made.
      await expect(stat(join(folder.path, 'postgres'))).rejects.toThrow('ENOENT');
      expect(await processesWith(folder.path)).toEqual([]);
    }
  });

  test('settings that are wrong are all listed, with exit code 78', async () => {
    await using folder = await createDataFolder();
    const command = startOn(folder, startCommand, { GATEWAY_HTTP_PORT: 'http', DATABASE_URL: 'mysql://127.0.0.1/x' });
    expect(await command.ended()).toBe(78);
    expect(command.output().stderr).toContain('GATEWAY_HTTP_PORT');
    expect(command.output().stderr).toContain('DATABASE_URL');
  });

  test('a database that cannot be reached is told in a sentence', async () => {
    await using folder = await createDataFolder();
    const command = startOn(folder, startCommand, { DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/none' });
    expect(await command.ended()).toBe(1);
    expect(command.output().stderr).toMatch(
      /^gantry: cannot start: the database 127\.0\.0\.1:1\/none .*DATABASE_URL.*\n$/,
    );
    expect(command.output().stderr).not.toContain('hidden');
  });

  test('a database that does not exist is told in a sentence that names it', async () => {
    await using database = await createTestDatabase();
    await using folder = await createDataFolder();
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const command = startOn(folder, startCommand, { DATABASE_URL: url.href });
    expect(await command.ended()).toBe(1);
    expect(command.output().stderr).toMatch(
      /^gantry: cannot start: the database .*\/no_such_database does not exist; .*createdb.*\n$/,
    );
  });

  test('a data folder that another Gantry uses is refused, in start and in cluster, and its credentials stay', async () => {
    await using database = await createTestDatabase();
    await using folder = await createDataFolder();
    const stores = { DATABASE_URL: database.url, REDIS_URL: testRedisUrl() };
    const first = startOn(folder, startCommand, stores);
    const credentials = await first.ready();
    for (const command of [startCommand, clusterCommand]) {
      const second = startOn(folder, command, stores);
      expect(await second.ended()).toBe(1);
      expect(second.output().stderr).toMatch(/^gantry: .*process \d+ already runs Gantry on .*GANTRY_DATA_DIR\)\n$/);
      expect(await readCredentials(folder.path)).toEqual(credentials);
    }
    first.signalGroup('SIGINT');
    expect(await first.ended()).toBe(0);
    expect(first.output().stderr).toBe('');
  });

  test('a data folder that cannot be is told in a sentence', async () => {
    await using folder = await createDataFolder();
    const impossible = { ...folder, path: '/proc/gantry' };
    const command = startOn(impossible, startCommand);
    expect(await command.ended()).toBe(1);
    expect(command.output().stderr).toMatch(/^gantry: cannot start: the data folder \/proc\/gantry .*GANTRY_DATA_DIR/);
  });
});
