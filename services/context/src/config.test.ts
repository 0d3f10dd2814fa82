import { expect, test } from 'vitest';

import { parseConfig } from './config.ts';

const env = { DATABASE_URL: 'postgres://localhost/gantry', GANTRY_CLUSTER_SECRET: 'x'.repeat(32) };

test('what is not set has a default', () => {
  expect(parseConfig(env)).toEqual({
    host: '127.0.0.1',
    port: 50_052,
    databaseUrl: 'postgres://localhost/gantry',
    clusterSecret: 'x'.repeat(32),
    authAddress: '127.0.0.1:50055',
  });
});

test('everything that is wrong is told at once', () => {
  const parse = () =>
    parseConfig({ CONTEXT_GRPC_PORT: '70000', DATABASE_URL: 'mysql://x', GANTRY_CLUSTER_SECRET: 'short' });
  for (const name of ['CONTEXT_GRPC_PORT', 'DATABASE_URL', 'GANTRY_CLUSTER_SECRET']) expect(parse).toThrow(name);
});
