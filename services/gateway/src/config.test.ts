import { expect, test } from 'vitest';

import { parseConfig } from './config.ts';

const secret = { GANTRY_CLUSTER_SECRET: 's'.repeat(32) };

test('needs nothing but the secret of the cluster', () => {
  expect(parseConfig(secret)).toMatchObject({
    http: { host: '127.0.0.1', port: 8_000, reusePort: false, connectionsMax: 1_000, allowedOrigins: [] },
    grpc: { host: '127.0.0.1', port: 50_051 },
    requestTimeoutMs: 30_000,
    contextItemsMax: 50,
    authAddress: '127.0.0.1:50055',
    redisUrl: undefined,
  });
});

test('takes origins, a shared port and another timeout', () => {
  const env = {
    GATEWAY_ALLOWED_ORIGINS: 'https://a.example, http://b.example:81',
    GATEWAY_REUSE_PORT: 'true',
    GATEWAY_REQUEST_TIMEOUT_SECONDS: '0.5',
  };
  expect(parseConfig({ ...secret, ...env })).toMatchObject({
    http: { allowedOrigins: ['https://a.example', 'http://b.example:81'], reusePort: true },
    requestTimeoutMs: 500,
  });
});

test('both ports may be any that is free', () => {
  const ports = { GATEWAY_HTTP_PORT: '0', GATEWAY_GRPC_PORT: '0' };
  expect(parseConfig({ ...secret, ...ports })).toMatchObject({ http: { port: 0 }, grpc: { port: 0 } });
});

test.each([
  [{}, 'GANTRY_CLUSTER_SECRET'],
  [{ GANTRY_CLUSTER_SECRET: 'short' }, 'at least 32 random characters'],
  [{ ...secret, GATEWAY_HTTP_PORT: '65536' }, 'GATEWAY_HTTP_PORT'],
  [{ ...secret, GATEWAY_HTTP_PORT: '50051' }, 'GATEWAY_HTTP_PORT and GATEWAY_GRPC_PORT are both 50051'],
  [{ ...secret, GATEWAY_MAX_CONNECTIONS: '0' }, 'GATEWAY_MAX_CONNECTIONS'],
  [{ ...secret, GATEWAY_MAX_CONTEXT_ITEMS: '51' }, 'GATEWAY_MAX_CONTEXT_ITEMS'],
  [{ ...secret, GATEWAY_ALLOWED_ORIGINS: 'a.example' }, 'origin such as https://a.example'],
  [{ ...secret, GATEWAY_ALLOWED_ORIGINS: 'https://a.example/path' }, 'origin such as https://a.example'],
  [{ ...secret, REDIS_URL: 'http://a' }, 'redis://localhost:6379'],
])('%j is refused', (env, problem) => {
  expect(() => parseConfig(env)).toThrow(problem);
});
