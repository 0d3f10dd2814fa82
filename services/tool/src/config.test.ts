import { expect, test } from 'vitest';

import { parseConfig } from './config.ts';

const required = {
  DATABASE_URL: 'postgres://gantry@localhost/gantry',
  GANTRY_CLUSTER_SECRET: 's'.repeat(32),
};

test('what is not set has a safe default', () => {
  const config = parseConfig(required);
  expect(config).toEqual({
    host: '127.0.0.1',
    port: 50_053,
    databaseUrl: required.DATABASE_URL,
    clusterSecret: required.GANTRY_CLUSTER_SECRET,
    authAddress: '127.0.0.1:50055',
    contextAddress: '127.0.0.1:50052',
    resourceAddress: '127.0.0.1:50054',
    concurrencyMax: 64,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('everything can be set', () => {
  expect(
    parseConfig({
      ...required,
      TOOL_GRPC_HOST: '0.0.0.0',
      TOOL_GRPC_PORT: '0',
      AUTH_ADDRESS: 'auth:1',
      CONTEXT_ADDRESS: 'context:2',
      RESOURCE_ADDRESS: 'dns:///resource:3',
      TOOL_CONCURRENCY_MAX: '10000',
    }),
  ).toMatchObject({
    host: '0.0.0.0',
    port: 0,
    authAddress: 'auth:1',
    contextAddress: 'context:2',
    resourceAddress: 'dns:///resource:3',
    concurrencyMax: 10_000,
  });
});

test.each([
  ['DATABASE_URL', undefined, 'postgres://'],
  ['DATABASE_URL', 'mysql://x', 'postgres://'],
  ['GANTRY_CLUSTER_SECRET', undefined, 'at least 32 random characters'],
  ['GANTRY_CLUSTER_SECRET', 'short', 'at least 32 random characters'],
  ['TOOL_GRPC_PORT', '65536', 'must be a port from 0 to 65535'],
  ['TOOL_GRPC_PORT', 'http', 'must be a port from 0 to 65535'],
  ['TOOL_CONCURRENCY_MAX', '0', '>=1'],
  ['TOOL_CONCURRENCY_MAX', '10001', '<=10000'],
  ['TOOL_CONCURRENCY_MAX', '1.5', 'int'],
])('%s=%s is refused with what to do', (name, value, hint) => {
  const attempt = () => parseConfig({ ...required, [name]: value });
  expect(attempt).toThrow(name);
  expect(attempt).toThrow(hint);
});
