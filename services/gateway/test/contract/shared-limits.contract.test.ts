import { randomUUID } from 'node:crypto';

import { testRedisUrl } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

test('replicas with Redis count a credential together', async () => {
  await using gateway = await GatewayFixture.start({ env: { REDIS_URL: testRedisUrl() } });
  const replica = await gateway.startReplica();
  gateway.platform.readiness.markStarted();
  await expect.poll(async () => (await gateway.platform.readiness.report()).status).toBe('ready');
  replica.platform.readiness.markStarted();
  await expect.poll(async () => (await replica.platform.readiness.report()).status).toBe('ready');
  const key = gateway.auth.addKey({ requestsPerMinute: 4, credentialId: randomUUID() });
  const urls = [gateway.httpUrl, replica.gateway.endpoints['http'] ?? ''];
  const statuses: number[] = [];
  for (let sent = 0; sent < 6; sent += 1) statuses.push((await gateway.post(ping, { key }, urls[sent % 2])).status);
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
});
