import { createLogger } from '@gantry/telemetry';
import { createTestDatabase, startTcpProxy, type TcpProxy, type TestDatabase } from '@gantry/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { startTool, type ToolUnderTest } from '../tool-under-test.ts';

const stack = new AsyncDisposableStack();
const logLines: string[] = [];
let database: TestDatabase;
let proxy: TcpProxy;
let world: ToolUnderTest;

beforeAll(async () => {
  database = stack.use(await createTestDatabase());
  proxy = stack.use(await startTcpProxy(database.url));
  const destination = { write: (line: string) => void logLines.push(line) };
  const logger = createLogger({ service: 'tool', level: 'warn', destination });
  world = stack.use(await startTool(proxy.through(database.url), { platform: { logger } }));
  world.platform.readiness.markStarted();
});

afterAll(() => stack.disposeAsync());

let tenants = 0;

beforeEach(() => {
  proxy.heal();
  logLines.length = 0;
  tenants += 1;
});

const all = { pageSize: 0, pageToken: '', asJson: false };
const list = async (tenantId: string, parts = {}) =>
  (await world.tools.listTools(all, { ...(await world.as({ tenantId })), ...parts })).tools.length;
const isStale = () => logLines.some((line) => line.includes('serving the one loaded last'));

test('while the database is gone, listTools, getTool and callTool go on with what was loaded last', async () => {
  const known = `tenant-${tenants}`;
  expect(await list(known)).toBe(5);
  proxy.cut();
  // The copy is fresh for two seconds; behind that the loss shows.
  await expect.poll(async () => [await list(known), isStale()], { timeout: 10_000, interval: 100 }).toEqual([5, true]);
  const options = await world.as({ tenantId: known });
  expect((await world.tools.getTool({ name: 'echo' }, options)).tool?.name).toBe('echo');
  expect(await world.call('echo', { message: 'hi' }, options)).toMatchObject({ text: 'hi', isError: false });
  expect(await world.platform.readiness.report()).toMatchObject({ status: 'degraded', isReady: true });

  await expect(list('tenant-never-seen')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'DATABASE_UNAVAILABLE',
  });
  await expect(
    world.call('echo', { message: 'hi' }, await world.as({ tenantId: 'tenant-never-seen' })),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });

  proxy.heal();
  await expect.poll(() => list('tenant-never-seen').catch(() => 0), { timeout: 10_000 }).toBe(5);
});

test('a database that hangs: whoever waits for it gets DEADLINE_EXCEEDED at its deadline, or can go', async () => {
  const unseen = await world.as({ tenantId: `tenant-${tenants}` });
  proxy.blackHole();
  const soon = () => ({ ...unseen, deadlineMs: Date.now() + 300 });
  await expect(world.tools.listTools(all, soon())).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await expect(world.tools.getTool({ name: 'echo' }, soon())).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await expect(world.call('echo', { message: 'hi' }, soon())).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const caller = new AbortController();
  const waiting = world.tools.listTools(all, { ...unseen, signal: caller.signal });
  caller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
});
