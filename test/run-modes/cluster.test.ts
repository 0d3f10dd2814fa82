import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { createTestDatabase, testRedisUrl } from '@gantry/testkit';
import { expect, test, vi } from 'vitest';

import { clusterCommand, createDataFolder, processesWith, startOn } from './started-command.ts';

// Each starts six processes.
vi.setConfig({ testTimeout: 120_000 });

async function startCluster(args: readonly string[] = []) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await createDataFolder());
  const command = startOn(folder, [...clusterCommand, ...args], {
    DATABASE_URL: database.url,
    REDIS_URL: testRedisUrl(),
  });
  await command.ready();
  const resources = stack.move();
  return { command, folder: folder.path, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

test('Ctrl-C, echoed as npm does it, stops the gateway first and ends everything in order', async () => {
  await using cluster = await startCluster(['--replicas', 'gateway=2']);
  expect(await processesWith(cluster.folder)).toHaveLength(7);
  cluster.command.signalGroup('SIGINT');
  cluster.command.signalGroup('SIGINT');
  expect(await cluster.command.ended()).toBe(0);
  expect(await processesWith(cluster.folder)).toEqual([]);
  // Nobody was started again, and nobody missed a service that was gone before it.
  expect(cluster.command.output().stderr).toBe('');
});

test('a member that dies is started again', async () => {
  await using cluster = await startCluster(['--json']);
  const { members } = JSON.parse(cluster.command.output().stdout);
  expect(members.map(({ service }: { readonly service: string }) => service)).toEqual([
    'auth',
    'context',
    'resource',
    'tool',
    'gateway',
  ]);
  const find = async () =>
    (await processesWith(cluster.folder)).find(({ args }) => args.includes('services/resource/src/main.ts'))?.pid;
  const first = await find();
  expect(first).toBeDefined();
  process.kill(first ?? 0, 'SIGKILL');
  await expect
    .poll(
      async () => {
        const now = await find();
        return now !== undefined && now !== first;
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  expect(cluster.command.output().stderr).toContain('resource-1 ended (SIGKILL); starting it again');
});

test('kill -9 of the command takes every member with it', async () => {
  await using cluster = await startCluster();
  cluster.command.process.kill('SIGKILL');
  await expect.poll(() => processesWith(cluster.folder), { timeout: 30_000 }).toEqual([]);
});

test('ports in use are told before anything is started, a sentence each', async () => {
  await using folder = await createDataFolder();
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on an IP address has one of this kind.
  const port = String((server.address() as AddressInfo).port);
  const command = startOn(folder, clusterCommand, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
    GATEWAY_HTTP_PORT: port,
    TOOL_GRPC_PORT: port,
  });
  expect(await command.ended()).toBe(1);
  const { stderr } = command.output();
  expect(stderr.match(/cannot listen on [\d.:]+: it is in use; set \w+/g)).toEqual(
    ['GATEWAY_HTTP_PORT', 'TOOL_GRPC_PORT'].map(
      (name) => `cannot listen on 127.0.0.1:${port}: it is in use; set ${name}`,
    ),
  );
  expect(await processesWith(folder.path)).toEqual([]);
});
