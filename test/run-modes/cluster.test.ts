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
