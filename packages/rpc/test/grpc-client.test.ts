import { setImmediate as nextTurn } from 'node:timers/promises';

import { startTcpProxy } from '@gantry/testkit';
import { connectivityState } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';

import { GrpcClient } from '../src/grpc-client.ts';
import { startWorld } from './rpc-world.ts';
import { startSilentServer } from './silent-server.ts';

const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_reconnect_backoff_ms': 1_000 };

function startConnecting(target: string, more: Record<string, number> = {}): GrpcClient {
  const client = new GrpcClient(target, { ...options, ...more });
  client.getChannel().getConnectivityState(true);
  return client;
}

async function reach(client: GrpcClient, state: connectivityState): Promise<void> {
  await vi.waitFor(() => expect(client.getChannel().getConnectivityState(false)).toBe(state), { timeout: 5_000 });
}

test('a client that is closed before the server has said anything leaves no connection', async () => {
  using server = await startSilentServer();
  const client = startConnecting(server.address);
  await vi.waitFor(() => expect(server.sockets.size).toBe(1));
  client.close();
  await vi.waitFor(() => expect(server.sockets.size).toBe(0));
});

test('at whatever moment of connecting a client is closed, it leaves no connection', async () => {
  await using world = await startWorld();
  await using proxy = await startTcpProxy(world.server.address);
  for (let turns = 0; turns < 40; turns += 1) {
    const client = startConnecting(proxy.address);
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    client.close();
  }
  // What was on its way when the others were closed comes before this.
  const last = startConnecting(proxy.address);
  await reach(last, connectivityState.READY);
  await vi.waitFor(() => expect(proxy.connectionCount).toBe(1));
  last.close();
  await vi.waitFor(() => expect(proxy.connectionCount).toBe(0));
});

test('a client that was closed when it could not connect does not try again', async () => {
  await using world = await startWorld();
  await using proxy = await startTcpProxy(world.server.address);
  proxy.cut();
  const closed = startConnecting(proxy.address, { 'grpc.initial_reconnect_backoff_ms': 100 });
  // It tries again later than the first one would.
  const other = startConnecting(proxy.address, { 'grpc.initial_reconnect_backoff_ms': 400 });
  await reach(closed, connectivityState.TRANSIENT_FAILURE);
  await reach(other, connectivityState.TRANSIENT_FAILURE);
  closed.close();
  proxy.heal();
  await reach(other, connectivityState.READY);
  expect(proxy.connectionCount).toBe(1);
  other.close();
});

test('calls that are in flight when a client is closed are answered', async () => {
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using world = await startWorld({
    handlers: {
      getTool: async () => {
        begun.resolve();
        await held.promise;
        return { tool: undefined };
      },
    },
    access: { getTool: 'anonymous' },
  });
  const client = new GrpcClient(world.server.address, options);
  const answer = new Promise<Buffer | undefined>((resolve, reject) => {
    const path = '/gantry.tool.v1.ToolService/GetTool';
    client.makeUnaryRequest(path, pass, pass, Buffer.alloc(0), (error, reply) => {
      if (error === null) resolve(reply);
      else reject(error);
    });
  });
  await begun.promise;
  client.close();
  held.resolve();
  await expect(answer).resolves.toEqual(Buffer.alloc(0));
});

const pass = (bytes: Buffer): Buffer => bytes;
