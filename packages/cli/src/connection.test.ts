import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeCredentials } from '@gantry/data-folder';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { UsageError } from './cli-error.ts';
import { findConnection } from './connection.ts';

const local = { url: 'http://127.0.0.1:1/mcp', grpc: '127.0.0.1:2', ws: 'ws://127.0.0.1:1/ws', apiKey: 'local' };
const remote = { url: 'https://gantry.example.org/mcp', apiKey: 'remote' };
const none = { url: undefined, apiKey: undefined };

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gantry-connection-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

test('what is given wins over the data folder', async () => {
  await writeCredentials(dataDir, local);
  expect(await findConnection({ ...none, dataDir })).toEqual({ url: local.url, apiKey: 'local' });
  expect(await findConnection({ ...none, apiKey: 'other', dataDir })).toEqual({ url: local.url, apiKey: 'other' });
  expect(await findConnection({ ...remote, dataDir })).toEqual(remote);
});

test('the key of the data folder is not sent to another URL', async () => {
  await writeCredentials(dataDir, local);
  await expect(findConnection({ url: remote.url, apiKey: undefined, dataDir })).rejects.toThrow(UsageError);
});

test('without any Gantry the folder is named, and what to do', async () => {
  const failure = await findConnection({ ...none, dataDir }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    message: expect.stringContaining(dataDir),
    hint: expect.stringContaining('npm start'),
  });
});

test.each(['gantry.example.org', 'ftp://example.org', 'localhost:8000'])('%s is no URL of a gateway', async (url) => {
  await expect(findConnection({ url, apiKey: 'key', dataDir })).rejects.toThrow('is not the URL of a gateway');
});

test('damaged credentials are reported', async () => {
  await writeFile(join(dataDir, 'credentials.json'), '{"url":');
  await expect(findConnection({ ...none, dataDir })).rejects.toThrow('is damaged');
});
