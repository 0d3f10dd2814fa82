import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigError } from '@gantry/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { parseConfig } from './config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-all-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('nothing has to be set', () => {
  expect(parseConfig({})).toEqual({
    dataFolder: join(process.cwd(), '.gantry'),
    databaseUrl: undefined,
    summary: 'text',
    env: {},
  });
});

test('what is set is taken, and what is set to nothing is not', () => {
  const url = 'postgres://user:password@127.0.0.1:5432/gantry';
  expect(parseConfig({ GANTRY_DATA_DIR: folder, DATABASE_URL: url, GANTRY_SUMMARY: 'json', LOG_LEVEL: '' })).toEqual({
    dataFolder: folder,
    databaseUrl: url,
    summary: 'json',
    env: { GANTRY_DATA_DIR: folder, DATABASE_URL: url, GANTRY_SUMMARY: 'json' },
  });
  expect(parseConfig({ DATABASE_URL: '', GANTRY_CLUSTER_SECRET: '', GANTRY_DATA_DIR: '' })).toMatchObject({
    databaseUrl: undefined,
    env: {},
  });
});

test('a secret may come as a file, and the services see its content', async () => {
  const path = join(folder, 'url');
  await writeFile(path, 'postgres://from-a-file/gantry\n');
  const config = parseConfig({ DATABASE_URL_FILE: path });
  expect(config.databaseUrl).toBe('postgres://from-a-file/gantry');
  expect(config.env).toEqual({ DATABASE_URL: 'postgres://from-a-file/gantry' });
});

test('all problems of all services are listed at once, and the same one once', () => {
  const problems = problemsOf({
    GANTRY_CLUSTER_SECRET: 'short',
    DATABASE_URL: 'mysql://127.0.0.1/x',
    REDIS_URL_FILE: join(folder, 'gone'),
    GANTRY_SUMMARY: 'loud',
    AUTH_GRPC_PORT: 'auth',
    CONTEXT_GRPC_PORT: 'context',
    RESOURCE_GRPC_PORT: 'resource',
    TOOL_GRPC_PORT: 'tool',
    GATEWAY_GRPC_PORT: 'gateway',
    GATEWAY_HTTP_PORT: '99999',
  });
  expect(new Set(problems).size).toBe(problems.length);
  const names = problems.map((problem) => /→ at (\w+)$/.exec(problem)?.[1] ?? problem);
  expect([...new Set(names)].toSorted((a, b) => a.localeCompare(b))).toEqual([
    'AUTH_GRPC_PORT',
    'CONTEXT_GRPC_PORT',
    'DATABASE_URL',
    'GANTRY_CLUSTER_SECRET',
    'GANTRY_SUMMARY',
    'GATEWAY_GRPC_PORT',
    'GATEWAY_HTTP_PORT',
    'REDIS_URL_FILE',
    'RESOURCE_GRPC_PORT',
    'TOOL_GRPC_PORT',
  ]);
});

test('a secret that is given twice is one problem', () => {
  const problems = problemsOf({ DATABASE_URL: 'postgres://127.0.0.1/x', DATABASE_URL_FILE: join(folder, 'url') });
  expect(problems).toEqual([expect.stringContaining('both DATABASE_URL and DATABASE_URL_FILE are set')]);
});
