import { generateApiKey } from '@gantry/identity';
import { expect, test } from 'vitest';

import { parseConfig } from './config.ts';

const required = {
  DATABASE_URL: 'postgres://gantry@localhost/gantry',
  GANTRY_CLUSTER_SECRET: 's'.repeat(32),
};

test('what is not set has a safe default', () => {
  expect(parseConfig(required)).toEqual({
    host: '127.0.0.1',
    port: 50_055,
    databaseUrl: required.DATABASE_URL,
    redisUrl: undefined,
    clusterSecret: new TextEncoder().encode(required.GANTRY_CLUSTER_SECRET),
    bootstrapApiKey: undefined,
    defaultRequestsPerMinute: 60,
    signingKeyRotationMs: 3_600_000,
  });
});

test('everything can be set', () => {
  const apiKey = generateApiKey().secret;
  const config = parseConfig({
    ...required,
    AUTH_GRPC_HOST: '0.0.0.0',
    AUTH_GRPC_PORT: '0',
    REDIS_URL: 'redis+cluster://a:1,b:2',
    AUTH_BOOTSTRAP_API_KEY: apiKey,
    AUTH_DEFAULT_REQUESTS_PER_MINUTE: '5',
    AUTH_SIGNING_KEY_ROTATION_SECONDS: '60',
  });
  expect(config).toMatchObject({
    host: '0.0.0.0',
    port: 0,
    redisUrl: 'redis+cluster://a:1,b:2',
    bootstrapApiKey: apiKey,
    defaultRequestsPerMinute: 5,
    signingKeyRotationMs: 60_000,
  });
});

test.each([
  ['DATABASE_URL', undefined, 'postgres://'],
  ['DATABASE_URL', 'mysql://x', 'postgres://'],
  ['GANTRY_CLUSTER_SECRET', undefined, 'at least 32 random characters'],
  ['GANTRY_CLUSTER_SECRET', 'short', 'at least 32 random characters'],
  ['REDIS_URL', 'http://x', 'redis://localhost:6379'],
  ['AUTH_BOOTSTRAP_API_KEY', 'hunter2-hunter2', 'gk_<16 hex digits>'],
  ['AUTH_DEFAULT_REQUESTS_PER_MINUTE', '0', '>=1'],
  ['AUTH_SIGNING_KEY_ROTATION_SECONDS', '1', '>=60'],
  ['AUTH_GRPC_PORT', '65536', 'must be a port from 0 to 65535'],
])('%s=%s is refused with what to do, and without the value', (name, value, hint) => {
  const attempt = () => parseConfig({ ...required, [name]: value });
  expect(attempt).toThrow(name);
  expect(attempt).toThrow(hint);
  if (value !== undefined && value.length > 8) expect(attempt).not.toThrow(value);
});
