import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { apiKeyIdOf } from '@gantry/identity/api-key';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { credentialsPath, readCredentials, removeCredentials, writeCredentials } from './credentials.ts';
import { DataFolderError } from './data-folder-error.ts';
import { lockDataFolder } from './data-folder-lock.ts';
import { loadSecrets } from './secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-data-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

const credentials = { url: 'http://127.0.0.1:1/mcp', grpc: '127.0.0.1:2', ws: 'ws://127.0.0.1:1/ws', apiKey: 'gk_x' };

test('secrets are made on the first run, are strong, and stay the same', async () => {
  const first = await loadSecrets(join(folder, 'new', 'deep'));
  expect(apiKeyIdOf(first.apiKey)).toBeDefined();
  expect(first.clusterSecret.length).toBeGreaterThanOrEqual(43);
  expect(await loadSecrets(join(folder, 'new', 'deep'))).toEqual(first);
});

test('only the owner can read secrets and credentials', async () => {
  await loadSecrets(folder);
  await writeCredentials(folder, credentials);
  for (const name of ['secrets.json', 'credentials.json']) {
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  }
});

test('damaged secrets are reported, not replaced: the data is sealed to them', async () => {
  await writeFile(join(folder, 'secrets.json'), '{"clusterSecret":');
  await expect(loadSecrets(folder)).rejects.toThrow(DataFolderError);
  expect(await readFile(join(folder, 'secrets.json'), 'utf8')).toBe('{"clusterSecret":');
});

test('a folder that is a file is reported with what to do', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(loadSecrets(join(folder, 'file', 'below'))).rejects.toThrow(/GANTRY_DATA_DIR/);
});

test('credentials are there once written and gone once removed', async () => {
  expect(await readCredentials(folder)).toBeUndefined();
  await writeCredentials(folder, credentials);
  expect(await readCredentials(folder)).toEqual(credentials);
  await removeCredentials(folder);
  await removeCredentials(folder);
  expect(await readCredentials(folder)).toBeUndefined();
  expect(credentialsPath(folder)).toBe(join(folder, 'credentials.json'));
});

test('a second lock on a folder is refused in a sentence, and leaves the credentials of the first alone', async () => {
  const path = join(folder, 'new', 'deep');
  const lock = await lockDataFolder(path);
  await writeCredentials(path, credentials);
  const second = lockDataFolder(path);
  await expect(second).rejects.toThrow(DataFolderError);
  await expect(second).rejects.toThrow(
    `process ${process.pid} already runs Gantry on ${path}: stop it first, or use another data folder (GANTRY_DATA_DIR)`,
  );
  expect(await readCredentials(path)).toEqual(credentials);
  await lock[Symbol.asyncDispose]();
  await using _again = await lockDataFolder(path);
});

test('the lock of a process that died is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['--eval', '']);
  await writeFile(join(folder, 'gantry.lock'), `${pid} some-mark 00\n`);
  await using _lock = await lockDataFolder(folder);
  expect(await readFile(join(folder, 'gantry.lock'), 'utf8')).toContain(String(process.pid));
});

test.runIf(process.platform === 'linux')(
  'a folder that nobody can make is reported with what to do, at once',
  async () => {
    const impossible = '/proc/gantry/data';
    for (const use of [lockDataFolder, loadSecrets]) {
      await expect(use(impossible)).rejects.toThrow(DataFolderError);
      await expect(use(impossible)).rejects.toThrow(
        /^the data folder \/proc\/gantry\/data cannot be used .*GANTRY_DATA_DIR/,
      );
    }
  },
);

test.runIf(process.platform === 'linux')(
  'a folder that exists but cannot be written is reported the same way',
  async () => {
    // Not even root can make a file there.
    const write = (path: string) => writeCredentials(path, credentials);
    for (const use of [lockDataFolder, loadSecrets, write]) {
      await expect(use('/proc')).rejects.toThrow(DataFolderError);
      await expect(use('/proc')).rejects.toThrow(/GANTRY_DATA_DIR/);
    }
  },
);
