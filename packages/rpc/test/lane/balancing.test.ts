import type { AppError } from '@gantry/errors';
import { CallToolRequest } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { expect, test, vi } from 'vitest';

import type { AddressWatch } from '../../src/lane/address-watch.ts';
import { heldOnLanes, metricOf, NOTHING_HELD } from './lane-metrics-of.ts';
import { connectWith, type FakeServedLane, settings, startFakeServer } from './lane-server-fake.ts';

/** A server that answers with its name. */
function startNamed(name: string) {
  return startFakeServer((lane) => {
    lane.send({ settings });
    lane.onFrame(({ calls }) => calls.forEach(({ callId }) => lane.reply(callId, name)));
  });
}

type World = Awaited<ReturnType<typeof connectWith>>;

/** Makes calls, some at a time, and counts who answers; `none` for those that failed. */
async function whoAnswers(world: World, calls: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let done = 0; done < calls; done += 10) {
    const names = await Promise.all(Array.from({ length: 10 }, () => world.nameOf('x').catch(() => 'none')));
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function lanesOf(world: World, count: number): Promise<void> {
  // The first call opens them.
  await world.nameOf('x').catch(() => undefined);
  await vi.waitFor(async () => expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes')).toBe(count), {
    timeout: 5_000,
  });
}

/** Addresses that change when the test says so, as those behind a DNS name do. */
function changingAddresses() {
  let targets: readonly string[] = [];
  let tell: ((targets: readonly string[]) => void) | undefined;
  const watch = (_target: string, onAddresses: (targets: readonly string[]) => void): AddressWatch => {
    tell = onAddresses;
    setImmediate(() => tell?.(targets));
    return { refresh: () => undefined, [Symbol.dispose]: () => (tell = undefined) };
  };
  const set = (...addresses: readonly string[]) => {
    targets = addresses.map((address) => `ipv4:${address}`);
    tell?.(targets);
  };
  return { watch, set };
}

test('replicas that answer get about the same share', async () => {
  using a = await startNamed('a');
  using b = await startNamed('b');
  using world = await connectWith(`ipv4:${a.address},${b.address}`);
  await lanesOf(world, 2);
  const { a: answeredA = 0, b: answeredB = 0 } = await whoAnswers(world, 400);
  expect(answeredA + answeredB).toBe(400);
  expect(Math.min(answeredA, answeredB)).toBeGreaterThan(100);
});

test('a replica that hangs gets no more than a few calls', async () => {
  using hanging = await startFakeServer((lane) => lane.send({ settings }));
  using a = await startNamed('a');
  using b = await startNamed('b');
  using world = await connectWith(`ipv4:${hanging.address},${a.address},${b.address}`);
  await vi.waitFor(async () => {
    void world.nameOf('x').catch(() => undefined);
    expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes')).toBe(3);
  });
  for (let call = 0; call < 500; call += 1) {
    await Promise.race([
      world.nameOf('x').catch(() => undefined),
      new Promise((resolve) => void setTimeout(resolve, 2)),
    ]);
  }
  // Each that hangs there makes it less likely to be chosen.
  const { length: hung } = hanging.lanes.flatMap(({ callIds }) => callIds);
  expect(hung).toBeGreaterThan(0);
  expect(hung).toBeLessThan(30);
});

test('a replica that fails every call at once is left out, although it always has the fewest in flight', async () => {
  const failing = (lane: FakeServedLane) => {
    lane.send({ settings });
    lane.onFrame(({ calls }) => lane.send({ statuses: calls.map(({ callId }) => ({ callId, code: 13 })) }));
  };
  using bad = await startFakeServer(failing);
  using good = await startFakeServer((lane) => {
    lane.send({ settings });
    lane.onFrame(({ calls }) => void setTimeout(() => calls.forEach(({ callId }) => lane.reply(callId, 'good')), 2));
  });
  using world = await connectWith(`ipv4:${bad.address},${good.address}`, { outlierIntervalMs: 200 });
  await lanesOf(world, 2);
  await vi.waitFor(
    async () => {
      await whoAnswers(world, 50);
      expect(await metricOf(world.metrics, 'gantry_rpc_client_lane_ejections_total')).toBe(1);
    },
    { timeout: 10_000 },
  );
  expect(await whoAnswers(world, 100)).toEqual({ good: 100 });
});

test('lanes that are left out are used when there is no other', async () => {
  const addresses = changingAddresses();
  using bad = await startFakeServer((lane) => {
    lane.send({ settings });
    lane.onFrame(({ calls }) => lane.send({ statuses: calls.map(({ callId }) => ({ callId, code: 13 })) }));
  });
  using good = await startNamed('good');
  using world = await connectWith('tool', { outlierIntervalMs: 200 }, addresses.watch);
  addresses.set(bad.address, good.address);
  await vi.waitFor(
    async () => {
      await whoAnswers(world, 50);
      expect(await metricOf(world.metrics, 'gantry_rpc_client_lane_ejections_total')).toBe(1);
    },
    { timeout: 10_000 },
  );
  expect(await whoAnswers(world, 100)).toEqual({ good: 100 });
  const before = bad.lanes.flatMap(({ callIds }) => callIds).length;
  addresses.set(bad.address);
  await vi.waitFor(
    async () => {
      await world.nameOf('x').catch(() => undefined);
      expect(bad.lanes.flatMap(({ callIds }) => callIds).length).toBeGreaterThan(before);
    },
    { timeout: 10_000 },
  );
});

test('a replica that is added gets calls, and one that is removed gets no more and keeps those it has', async () => {
  const addresses = changingAddresses();
  let isHolding = false;
  using old = await startFakeServer((lane) => {
    lane.send({ settings });
    lane.onFrame(({ calls }) => {
      if (!isHolding) for (const { callId } of calls) lane.reply(callId, 'old');
    });
  });
  using added = await startNamed('added');
  using world = await connectWith('tool', {}, addresses.watch);
  addresses.set(old.address);
  expect(await world.nameOf('x')).toBe('old');

  addresses.set(old.address, added.address);
  await vi.waitFor(async () => expect(await whoAnswers(world, 20)).toHaveProperty('added'));

  isHolding = true;
  const before = old.lanes[0]?.callIds.length ?? 0;
  const held = Array.from({ length: 20 }, () => world.nameOf('x'));
  await vi.waitFor(() => expect(old.lanes[0]?.callIds.length).toBeGreaterThan(before));
  addresses.set(added.address);
  const { length: kept } = old.lanes[0]?.callIds.slice(before) ?? [];
  expect(await whoAnswers(world, 100)).toEqual({ added: 100 });
  expect(old.lanes[0]?.callIds.slice(before)).toHaveLength(kept);
  const halfClosed = new Promise((resolve) => old.lanes[0]?.stream.on('end', resolve));
  for (const callId of old.lanes[0]?.callIds.slice(before) ?? []) old.lanes[0]?.reply(callId, 'old');
  expect((await Promise.all(held)).filter((name) => name === 'old')).toHaveLength(kept);
  await halfClosed;
  expect(await heldOnLanes('client', world.metrics)).toEqual(NOTHING_HELD);
});

test('calls on the lane of an address that is gone fail when the connection is closed', async () => {
  const addresses = changingAddresses();
  using old = await startFakeServer((lane) => lane.send({ settings }));
  using world = await connectWith('tool', {}, addresses.watch);
  addresses.set(old.address);
  const replies = world.client.callTool(CallToolRequest.create(), { assertion: 'ann' })[Symbol.asyncIterator]();
  const hanging = replies.next().catch((error: unknown) => error);
  await vi.waitFor(() => expect(old.lanes.flatMap(({ callIds }) => callIds)).toHaveLength(1));
  addresses.set();
  world[Symbol.dispose]();
  expect(await hanging).toMatchObject({ code: 'UNAVAILABLE' });
  expect(await heldOnLanes('client', world.metrics)).toEqual(NOTHING_HELD);
});

test('a lane that is old is replaced, and no call notices', async () => {
  using server = await startNamed('a');
  using world = await connectWith(server.address, { ageMinMs: 20, ageJitterMs: 10 });
  await vi.waitFor(
    async () => {
      expect(await whoAnswers(world, 20)).toEqual({ a: 20 });
      expect(server.lanes.length).toBeGreaterThan(4);
    },
    { timeout: 10_000 },
  );
  expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes')).toBeLessThanOrEqual(2);
});

test('a lane that was replaced is cut when its calls go on for too long', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings });
    if (server.lanes.length > 1) lane.answer();
  });
  using world = await connectWith(server.address, { ageMinMs: 20, ageJitterMs: 10, leaveMaxMs: 30 });
  // It hangs on the first lane, and is then made again.
  expect(await world.nameOf('x')).toBe('x');
  expect(server.lanes[0]?.callIds).toEqual([1]);
});

test('a stream on a lane that was replaced ends with a reason of its own, which nobody holds against the service', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings });
    if (server.lanes.length > 1) lane.answer();
  });
  using world = await connectWith(server.address, { ageMinMs: 20, ageJitterMs: 10, leaveMaxMs: 30 });
  const streams = Array.from({ length: 6 }, () =>
    world.client.callTool(CallToolRequest.create({ name: 'x' }), { assertion: 'ann' }).each(() => {}),
  );
  const reasons = streams.map((stream) => stream.catch((error: AppError) => error.reason));
  expect(await Promise.all(reasons)).toEqual(Array(6).fill('LANE_REPLACED'));
  // The breaker lets calls through.
  await expect(world.client.getTool({ name: 'x' }, { assertion: 'ann' })).resolves.toBeDefined();
});

test('a replica without lanes gets its share by ordinary calls', async () => {
  using plain = await startFakeServer(undefined);
  using lanes = await startNamed('lane');
  using world = await connectWith(`ipv4:${lanes.address},${plain.address}`);
  await lanesOf(world, 1);
  const { lane = 0, plain: ordinary = 0 } = await whoAnswers(world, 400);
  expect(lane + ordinary).toBe(400);
  expect(lane).toBeGreaterThan(100);
  // Half of the calls are ordinary ones, and those go where gRPC sends them.
  expect(ordinary).toBeGreaterThan(50);
});
