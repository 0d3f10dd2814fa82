import { ConfigError } from '@gantry/runtime';
import { expect, test } from 'vitest';

import { parseConfig } from './config.ts';

const required = {
  DATABASE_URL: 'postgres://localhost/gantry',
  GANTRY_CLUSTER_SECRET: 'a'.repeat(32),
};

test('what is not set has a safe default: no roots, no hosts', () => {
  expect(parseConfig(required)).toMatchObject({
    host: '127.0.0.1',
    port: 50_054,
    authAddress: '127.0.0.1:50055',
    fileRoots: [],
    httpAllowHosts: [],
    cacheTtlMs: 3_600_000,
    readsPerMinute: 600,
  });
});

test('lists are split, trimmed and tidied', () => {
  const config = parseConfig({
    ...required,
    RESOURCE_FILE_ROOTS: ' /srv/docs/ ,/srv/a/../b,',
    RESOURCE_HTTP_ALLOW_HOSTS: '127.0.0.1:8080, localhost:1',
  });
  expect(config.fileRoots).toEqual(['/srv/docs', '/srv/b']);
  expect(config.httpAllowHosts).toEqual(['127.0.0.1:8080', 'localhost:1']);
});

test.each([
  ['RESOURCE_FILE_ROOTS', 'docs'],
  ['RESOURCE_HTTP_ALLOW_HOSTS', 'http://localhost'],
  ['RESOURCE_CACHE_TTL_SECONDS', '0'],
  ['RESOURCE_READS_PER_MINUTE', '-1'],
  ['RESOURCE_GRPC_PORT', '65536'],
  ['GANTRY_CLUSTER_SECRET', 'short'],
  ['DATABASE_URL', 'mysql://localhost'],
  ['REDIS_URL', 'http://localhost'],
])('%s=%s is refused', (name, value) => {
  expect(() => parseConfig({ ...required, [name]: value })).toThrow(ConfigError);
});
