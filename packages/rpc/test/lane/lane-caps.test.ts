import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { CallToolRequest, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { expect, test, vi } from 'vitest';

import { READER_STUCK_MS } from '../../src/lane/lane-limits.ts';
import { heldOnLanes, metricOf } from './lane-metrics-of.ts';
import { ann, getTool, hanging, named, RawLane, toolPath } from './raw-lane.ts';
import { startWithLane } from './start-with-lane.ts';

const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

test('calls beyond the cap of a lane are refused as LANE_FULL and not started, and others get their place', async () => {
  await using world = await startWithLane({ server: { lanes: { callsInFlightMax: 3 } } });
  world.lane.send({ assertions: [ann], calls: [1, 2, 3, 4].map((id) => hanging(id)) });
  expect(await world.lane.reasonOf(4)).toBe('LANE_FULL');
  expect(world.lane.statuses).toMatchObject([{ callId: 4, code: 14, notStarted: true }]);
  world.lane.send({ cancels: [2] });
  await vi.waitFor(async () => expect((await heldOnLanes('server', world.serverMetrics)).calls).toBe(2));
  world.lane.send({ calls: [getTool(5)] });
  await world.lane.repliedTo(5);
  world.lane.send({ cancels: [1, 3] });
  await world.expectUnharmed();
});

test('a cancelled call keeps its place until its handler has returned', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using world = await startWithLane({
    server: { lanes: { callsInFlightMax: 1 } },
    handlers: {
      async getTool({ name }) {
        if (name === 'deaf') await gate;
        return { tool: Tool.create({ name }) };
      },
    },
  });
  world.lane.send({ assertions: [ann], calls: [named(1, 'deaf')] });
  await vi.waitFor(async () => expect((await heldOnLanes('server', world.serverMetrics)).calls).toBe(1));
  world.lane.send({ cancels: [1] });
  world.lane.send({ calls: [getTool(2)] });
  expect(await world.lane.reasonOf(2)).toBe('LANE_FULL');
  open();
  await world.expectUnharmed();
  world.lane.send({ calls: [getTool(3)] });
  await world.lane.repliedTo(3);
});

test('calls beyond the bytes that a lane holds are refused', async () => {
  await using world = await startWithLane({ server: { lanes: { queuedBytesMax: MIB } } });
  const large = (callId: number) => hangingWith(callId, MIB / 2);
  world.lane.send({ assertions: [ann], calls: [large(1), large(2), hanging(3)] });
  expect(await world.lane.reasonOf(2)).toBe('LANE_FULL');
  world.lane.send({ cancels: [1, 3] });
  await world.expectUnharmed();
});

/** A call that hangs, whose request has so many bytes in a field nobody knows. */
function hangingWith(callId: number, bytes: number) {
  const call = hanging(callId);
  const length = [0x80 | (bytes & 0x7f), 0x80 | ((bytes >> 7) & 0x7f), bytes >> 14];
  return { ...call, payload: Buffer.concat([call.payload, Buffer.from([0x7a, ...length]), Buffer.alloc(bytes)]) };
}

test.each([
  ['calls', { processCallsMax: 3 }, 10],
  ['bytes', { processBytesMax: MIB }, 400_000],
])('all lanes together hold no more %s than the process may', async (_, lanes, bytes) => {
  await using world = await startWithLane({ server: { lanes } });
  using other = new RawLane(world.server.address);
  world.lane.send({ assertions: [ann], calls: [hangingWith(1, bytes), hangingWith(2, bytes)] });
  await vi.waitFor(async () => expect((await heldOnLanes('server', world.serverMetrics)).calls).toBe(2));
  other.send({ assertions: [ann], calls: [hangingWith(1, bytes), hangingWith(2, bytes)] });
  expect(await other.reasonOf(2)).toBe('LANE_FULL');
  world.lane.send({ cancels: [1, 2] });
  other.send({ cancels: [1] });
  await world.expectUnharmed();
});

test('lanes beyond the cap are refused as LANE_LIMIT, and there is room again when one has gone', async () => {
  await using world = await startWithLane({ server: { lanes: { lanesMax: 3 } } });
  using second = new RawLane(world.server.address);
  second.send({ assertions: [ann], calls: [getTool(1)] });
  await second.repliedTo(1);
  using third = new RawLane(world.server.address);
  expect(await third.ended).toEqual({ code: 8, reason: 'LANE_LIMIT' });
  second.stream.cancel();
  await vi.waitFor(async () => expect(await metricOf(world.serverMetrics, 'gantry_rpc_server_lanes')).toBe(2));
  using fourth = new RawLane(world.server.address);
  fourth.send({ assertions: [ann], calls: [getTool(1)] });
  await fourth.repliedTo(1);
  await world.expectUnharmed();
});

test('a peer that never reads piles up no more than its cap, and gets everything when it reads after all', async () => {
  const limits = { queuedBytesMax: 4 * MIB, unsentBytesMax: 8 * MIB };
  const big = 'x'.repeat(100_000);
  await using world = await startWithLane({
    server: { lanes: limits },
    handlers: { getTool: async ({ name }) => ({ tool: Tool.create({ name: name === 'big' ? big : name }) }) },
  });
  world.lane.stream.pause();
  let most = 0;
  let callId = 0;
  await vi.waitFor(
    async () => {
      world.lane.send({
        ...(callId === 0 ? { assertions: [ann] } : {}),
        calls: Array.from({ length: 10 }, () => named((callId += 1), 'big')),
      });
      const { bytes } = await heldOnLanes('server', world.serverMetrics);
      most = Math.max(most, bytes);
      // It is refused what it asks for; it is not cut, because it may read yet.
      expect(callId).toBeGreaterThanOrEqual(500);
    },
    { timeout: 10_000, interval: 1 },
  );
  // 500 replies have 50 MB. A frame of calls that was let in may still be answered.
  expect(most).toBeGreaterThan(2 * MIB);
  expect(most).toBeLessThan(limits.queuedBytesMax + 10 * big.length);
  await expect(world.client.getTool({ name: 'other' }, { assertion: 'ann' })).resolves.toBeDefined();

  world.lane.stream.resume();
  await vi.waitFor(() => expect(world.lane.replies.length + world.lane.statuses.length).toBe(callId), {
    timeout: 10_000,
  });
  const reasons = new Set(await Promise.all(world.lane.statuses.map((status) => world.lane.reasonOf(status.callId))));
  expect([...reasons]).toEqual(['LANE_FULL']);
  await world.expectUnharmed();
});

test('a peer whose calls were let in and whose replies are more than it may leave unread loses its lane', async () => {
  const big = 'x'.repeat(1_000_000);
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let finished = 0;
  await using world = await startWithLane({
    server: { lanes: { unsentBytesMax: 8 * MIB } },
    handlers: {
      async getTool({ name }) {
        if (name === 'big') {
          await gate;
          // One a turn, so that each is a frame that might go out at once.
          for (let turn = (finished += 1); turn > 0; turn -= 1) await nextTurn();
        }
        return { tool: Tool.create({ name: name === 'big' ? big : name }) };
      },
    },
  });
  world.lane.send({ assertions: [ann], calls: Array.from({ length: 40 }, (_, index) => named(index + 1, 'big')) });
  await vi.waitFor(async () => expect((await heldOnLanes('server', world.serverMetrics)).calls).toBe(40));
  world.lane.stream.pause();
  open();
  await world.expectUnharmed();
  expect(await metricOf(world.serverMetrics, 'gantry_rpc_server_lanes')).toBe(1);
  world.lane.stream.resume();
  expect(await world.lane.ended).toEqual({ code: 8, reason: 'LANE_UNREAD' });
});

test('a peer that reads nothing for long loses its lane', async () => {
  const big = 'x'.repeat(1_000_000);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  try {
    await using world = await startWithLane({
      handlers: { getTool: async ({ name }) => ({ tool: Tool.create({ name: name === 'big' ? big : name }) }) },
    });
    world.lane.stream.pause();
    world.lane.send({ assertions: [ann], calls: Array.from({ length: 40 }, (_, index) => named(index + 1, 'big')) });
    await vi.waitFor(async () =>
      expect((await heldOnLanes('server', world.serverMetrics)).bytes).toBeGreaterThan(big.length),
    );
    vi.advanceTimersByTime(READER_STUCK_MS / 2);
    expect(await metricOf(world.serverMetrics, 'gantry_rpc_server_lanes')).toBe(2);
    vi.advanceTimersByTime(READER_STUCK_MS);
    expect(await metricOf(world.serverMetrics, 'gantry_rpc_server_lanes')).toBe(1);
    await world.expectUnharmed();
  } finally {
    vi.useRealTimers();
  }
});

test('one slow stream holds up neither the lane nor more than its window', async () => {
  let said = 0;
  const message = 'x'.repeat(10_000);
  await using world = await startWithLane({
    handlers: {
      async *callTool(_request, { signal }) {
        while (!signal.aborted) {
          said += 1;
          yield { event: { $case: 'progress', value: { progress: said, total: 0, message } } };
        }
      },
    },
  });
  const payload = CallToolRequest.encode(CallToolRequest.create({ name: 'x' })).finish();
  const stream = getTool(1, { method: toolPath('CallTool'), payload, windowBytes: 50_000 });
  world.lane.send({ assertions: [ann], calls: [stream, getTool(2)] });
  await world.lane.repliedTo(2);
  world.lane.send({ calls: [getTool(3)] });
  await world.lane.repliedTo(3);
  expect(said).toBe(5);
  world.lane.send({ windows: [{ callId: 1, bytes: 20_000 }] });
  await vi.waitFor(() => expect(said).toBe(7));
  world.lane.send({ cancels: [1] });
  await world.expectUnharmed();
});

test('replies of no bytes take of the window too', async () => {
  let said = 0;
  await using world = await startWithLane({
    handlers: {
      async *callTool(_request, { signal }) {
        for (; !signal.aborted; said += 1) yield { event: undefined };
      },
    },
  });
  const stream = { method: toolPath('CallTool'), payload: new Uint8Array(0), windowBytes: 50 };
  world.lane.send({ assertions: [ann], calls: [getTool(1, stream), getTool(2)] });
  await world.lane.repliedTo(2);
  expect(world.lane.replies.filter(({ callId }) => callId === 1)).toHaveLength(10);
  world.lane.send({ cancels: [1] });
  await world.expectUnharmed();
});

test('a stream of a wide window, and a handler that never waits, leave the others their turn', async () => {
  await using world = await startWithLane({
    handlers: {
      async *callTool(_request, { signal }) {
        while (!signal.aborted) yield { event: undefined };
      },
    },
  });
  const endless = { method: toolPath('CallTool'), payload: new Uint8Array(0), windowBytes: 2_147_483_647 };
  world.lane.send({ assertions: [ann], calls: [getTool(1, endless), getTool(2)] });
  await world.lane.repliedTo(2);
  world.lane.send({ calls: [getTool(3)], cancels: [1] });
  await world.lane.repliedTo(3);
  await world.expectUnharmed();
});

test('calls held for long do not hold the large frames they came in', async () => {
  await using world = await startWithLane();
  const padding = named(1, 'x'.repeat(2 * MIB));
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  world.lane.send({ assertions: [ann] });
  for (let id = 2; id < 102; id += 2) world.lane.send({ calls: [hanging(id), { ...padding, callId: id + 1 }] });
  await vi.waitFor(() => expect(world.lane.replies.length).toBe(50), { timeout: 10_000 });
  world.lane.frames.length = 0;
  await vi.waitFor(
    () => {
      collectGarbage();
      // 50 frames have 100 MiB.
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 * MIB);
    },
    { timeout: 10_000 },
  );
  world.lane.send({ cancels: Array.from({ length: 50 }, (_, index) => 2 * index + 2) });
  await world.expectUnharmed();
});
