import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';
import { SessionClient } from '../session-client.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const ping = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'ping' });

describe('session', () => {
  test('answers a request', async () => {
    using client = await SessionClient.open(gateway);
    expect(await client.call('context/get', { query: 'x' })).toMatchObject({
      id: 'context/get',
      result: { total: 12 },
    });
  });

  test('answers what is ready at once in one frame', async () => {
    using client = await SessionClient.open(gateway);
    client.send(...Array.from({ length: 300 }, (_, id) => ping(id)));
    await vi.waitFor(() => expect(client.received).toHaveLength(300));
    expect(client.frameSizes.length).toBeLessThan(10);
  });
  test('half close', async () => {
    using client = await SessionClient.open(gateway);
    client.send(ping(1), ping(2));
    client.stream.end();
    expect(await client.ended).toEqual({ code: status.OK, reason: undefined });
    expect(client.received).toHaveLength(2);
  });
});
