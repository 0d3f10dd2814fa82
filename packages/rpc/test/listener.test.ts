import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { GetToolRequest, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { expect, test, vi } from 'vitest';

import { gatedTool } from './gated-tool.ts';
import { framed, rawCall } from './raw-call.ts';
import { startWorld, type ToolHandlers } from './rpc-world.ts';

const path = '/gantry.tool.v1.ToolService/GetTool';
const request = framed(GetToolRequest.encode({ name: 'echo' }).finish());
const getTool: ToolHandlers['getTool'] = async ({ name }) => ({ tool: Tool.create({ name }) });

const call = (address: string) => rawCall({ address, path, parts: [request], headers: { 'gantry-assertion': 'ann' } });

async function openConnection(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function connectionsOf({ serverMetrics }: Pick<Awaited<ReturnType<typeof startWorld>>, 'serverMetrics'>) {
  const gauge = await serverMetrics.getSingleMetric('gantry_rpc_server_connections')?.get();
  return gauge?.values[0]?.value;
}

test('connections beyond the limit are closed at once, those that are open go on, and there is room when one closes', async () => {
  await using world = await startWorld({ handlers: { getTool }, way: 'plain', server: { connectionsMax: 2 } });
  const { port, address } = world.server;
  const [first, second] = [await openConnection(port), await openConnection(port)];
  await vi.waitFor(async () => expect(await connectionsOf(world)).toBe(2));
  await once(await openConnection(port), 'close');
  expect(await connectionsOf(world)).toBe(2);
  expect(await world.serverMetrics.metrics()).toContain(
    'gantry_rpc_server_connections_refused_total{service="tool"} 1',
  );
  expect([first.destroyed, second.destroyed]).toEqual([false, false]);
  second.destroy();
  await vi.waitFor(async () => expect(await connectionsOf(world)).toBe(1));
  expect((await call(address)).status).toBe(0);
  first.destroy();
});

test('several servers may listen on one port, and when one drains the others are given what comes', async () => {
  await using world = await startWorld({ handlers: { getTool }, way: 'plain', server: { reusePort: true } });
  await using other = await world.startServer(world.server.port);
  await Promise.all(Array.from({ length: 40 }, () => call(world.server.address)));
  await world.server.drain(1_000);
  // The one that is left is given all of them.
  const answers = await Promise.all(Array.from({ length: 10 }, () => call(other.address)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 0));
});

test('a server that drains takes no more connections, and answers what it has begun', async () => {
  const { getTool: handler, begun, open } = gatedTool();
  await using world = await startWorld({ handlers: { getTool: handler }, way: 'plain' });
  const answer = call(world.server.address);
  await begun;
  let isDrained = false;
  const drained = world.server.drain(10_000).then(() => (isDrained = true));
  const refused = connect({ port: world.server.port, host: '127.0.0.1' });
  await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  // What has been drained is disposed of at once, which cuts off what is left.
  expect(isDrained).toBe(false);
  open();
  await drained;
  await world.server[Symbol.asyncDispose]();
  expect((await answer).status).toBe(0);
});

test('a server cuts off what does not end in time', async () => {
  const { getTool: handler, begun } = gatedTool();
  await using world = await startWorld({ handlers: { getTool: handler }, way: 'plain' });
  const answer = expect(call(world.server.address)).rejects.toThrow();
  await begun;
  await world.server.drain(50);
  await answer;
});
