import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { apiKeyIdOf } from '@gantry/identity/api-key';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { credentialsPath, readCredentials, removeCredentials, writeCredentials } from './credentials.ts';
import { DataFolderError } from './data-folder-error.ts';
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
