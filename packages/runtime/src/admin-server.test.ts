import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { startAdminServer } from './admin-server.ts';
import { createReadiness } from './readiness.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

function start(port = 0) {
  const readiness = createReadiness();
  return startAdminServer({
    host: '127.0.0.1',
    port,
    readiness,
    registries: [createMetricsRegistry({ service: 'test' })],
    logger,
  });
}

test('a process that is starting is live and not ready', async () => {
  await using server = await start();
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  const ready = await fetch(`${server.url}/readyz?verbose`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ status: 'starting', checks: {} });
});

test('HEAD answers without a body', async () => {
  await using server = await start();
  const response = await fetch(`${server.url}/livez`, { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('');
});

test('an unknown path is 404 and another method is 405', async () => {
  await using server = await start();
  expect((await fetch(`${server.url}/`)).status).toBe(404);
  expect((await fetch(`${server.url}/livez`, { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a port that is taken is an error, not a crash', async () => {
  await using server = await start();
  await expect(start(server.port)).rejects.toThrow('EADDRINUSE');
});

test('a registry that fails is 500 without details', async () => {
  const broken = { metrics: () => Promise.reject(new Error('inner detail')) };
  const registry = Object.assign(createMetricsRegistry({ service: 'test' }), broken);
  await using server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    readiness: createReadiness(),
    registries: [registry],
    logger,
  });
  const response = await fetch(`${server.url}/metrics`);
  expect(response.status).toBe(500);
  expect(await response.text()).toBe('internal error\n');
});
