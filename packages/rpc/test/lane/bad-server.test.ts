import { CallToolRequest, GetToolRequest } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { expect, test, vi } from 'vitest';

import { READER_STUCK_MS } from '../../src/lane/lane-limits.ts';
import { heldOnLanes, metricOf, NOTHING_HELD } from './lane-metrics-of.ts';
import { connectWith, type FakeServedLane, settings, startFakeServer } from './lane-server-fake.ts';

const MIB = 1024 * 1024;

/** Answers calls, but the first lane does something else with the first frame that has calls. */
function firstThen(misbehave: (lane: FakeServedLane, callId: number) => void) {
  let lanes = 0;
  return (lane: FakeServedLane) => {
    lane.send({ settings });
    lanes += 1;
    if (lanes > 1) return lane.answer();
    lane.onFrame(({ calls }) => calls.forEach(({ callId }) => misbehave(lane, callId)));
  };
}

test.each([
  ['sends what is no frame', (lane: FakeServedLane) => lane.sendBytes(Buffer.from([0x12, 0xff]))],
  ['ends the lane with an error', (lane: FakeServedLane) => lane.fail(13)],
  ['ends the lane OK', (lane: FakeServedLane) => void lane.stream.end()],
  ['sends a frame over the cap', (lane: FakeServedLane) => lane.sendBytes(Buffer.alloc(5 * 1024 * 1024))],
])(
  'a server that %s loses its calls, which are UNAVAILABLE and are made again on another lane',
  async (_, misbehave) => {
    using server = await startFakeServer(firstThen(misbehave));
    using world = await connectWith(server.address);
    // It may be repeated, so whoever calls notices nothing.
    expect(['plain', 'a']).toContain(await world.nameOf('a'));
    await vi.waitFor(async () => expect(await world.nameOf('b')).toBe('b'));
    expect(await heldOnLanes('client', world.metrics)).toEqual(NOTHING_HELD);
  },
);

test('replies, statuses and ends of calls that are not known, or have ended, are ignored', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings, replies: [{ callId: 1_000, end: true }] });
    lane.onFrame(({ calls }) => {
      for (const { callId, payload } of calls) {
        const { name } = GetToolRequest.decode(payload);
        lane.reply(callId + 1, 'astray');
        lane.reply(callId, name);
        lane.reply(callId, 'again');
        lane.send({ statuses: [{ callId, code: 13 }, { callId: 0, code: 99 }, { callId: 4_000_000_000 }] });
      }
    });
  });
  using world = await connectWith(server.address);
  for (let call = 1; call < 20; call += 1) expect(await world.nameOf(`call-${call}`)).toBe(`call-${call}`);
});

test('a call whose reply is no message of its method ends once, as a failure', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings });
    lane.onFrame(({ calls }) =>
      lane.send({ replies: calls.map(({ callId }) => ({ callId, payload: Buffer.from([0xff]), end: true })) }),
    );
  });
  using world = await connectWith(server.address);
  await expect(world.nameOf('a')).rejects.toThrow();
  const ended = await world.metrics.getSingleMetric('grpc_client_handled_total')?.get();
  expect(ended?.values.map(({ labels, value }) => [labels['grpc_code'], value])).toEqual([['INTERNAL', 1]]);
});

test('settings count once, and a server that allows nothing says nothing', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings: {} });
    lane.send({ settings: {} });
    lane.send({ settings: { callsInFlightMax: 1 } });
    lane.answer();
  });
  using world = await connectWith(server.address);
  const names = Array.from({ length: 200 }, (_, index) => `call-${index}`);
  expect(await Promise.all(names.map((name) => world.nameOf(name)))).toEqual(names);
  expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes')).toBe(1);
  expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes_opened_total')).toBe(1);
});

test('a server that allows little is sent no more than that: the others wait, and do not overtake', async () => {
  const order: string[] = [];
  let inFlight = 0;
  let most = 0;
  using server = await startFakeServer((lane) => {
    lane.send({ settings: { ...settings, callsInFlightMax: 2 } });
    lane.onFrame(({ calls }) => {
      for (const { callId, payload } of calls) {
        const { name } = GetToolRequest.decode(payload);
        order.push(name);
        most = Math.max(most, (inFlight += 1));
        setTimeout(() => {
          inFlight -= 1;
          lane.reply(callId, name);
        }, 1);
      }
    });
  });
  using world = await connectWith(server.address);
  const names = Array.from({ length: 20 }, (_, index) => `call-${index}`);
  expect(await Promise.all(names.map((name) => world.nameOf(name)))).toEqual(names);
  expect(most).toBe(2);
  expect(order).toEqual(names);
});

test('a request that is too large for the frames of a server is made as an ordinary call', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings: { ...settings, frameBytesMax: 2_000 } });
    lane.answer();
  });
  using world = await connectWith(server.address);
  expect(await world.nameOf('small')).toBe('small');
  expect(await world.nameOf('x'.repeat(2_000))).toBe('plain');
});

test('calls beyond what may wait fail as LANE_QUEUE_FULL, and those that wait go on', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings: { ...settings, callsInFlightMax: 1 } });
    lane.answer();
  });
  using world = await connectWith(server.address, { waitingCallsMax: 3 });
  expect(await world.nameOf('first')).toBe('first');
  const calls = Array.from({ length: 8 }, (_, index) =>
    // A call of a method that must not be repeated, so that nothing is made good.
    Array.fromAsync(world.client.callTool(CallToolRequest.create({ name: `${index}` }), { assertion: 'ann' })),
  );
  const results = await Promise.allSettled(calls);
  const full = results.filter((result) => result.status === 'rejected');
  expect(full).toHaveLength(4);
  for (const { reason } of full) expect(reason).toMatchObject({ code: 'UNAVAILABLE', reason: 'LANE_QUEUE_FULL' });
  expect(await heldOnLanes('client', world.metrics)).toEqual(NOTHING_HELD);
});

test('a call that waits ends at its deadline, and one that is cancelled leaves its place', async () => {
  using server = await startFakeServer((lane) => lane.send({ settings: { ...settings, callsInFlightMax: 1 } }));
  using world = await connectWith(server.address);
  const controller = new AbortController();
  const call = (options: object) => world.client.getTool({ name: 'x' }, { assertion: 'ann', ...options });
  const hanging = call({ signal: controller.signal });
  const waiting = call({ signal: controller.signal });
  await expect(call({ deadlineMs: Date.now() + 150 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect((await heldOnLanes('client', world.metrics)).waiting).toBe(1);
  controller.abort();
  await expect(Promise.allSettled([hanging, waiting])).resolves.toMatchObject([
    { reason: { code: 'CANCELLED' } },
    { reason: { code: 'CANCELLED' } },
  ]);
  expect(await heldOnLanes('client', world.metrics)).toEqual(NOTHING_HELD);
});

test('a server that never sends its settings gets ordinary calls, soon', async () => {
  using server = await startFakeServer(() => undefined);
  using world = await connectWith(server.address, { openingMaxMs: 50 });
  expect(await world.nameOf('a')).toBe('plain');
});

test('a server without lanes gets ordinary calls, and is asked again later', async () => {
  using server = await startFakeServer(undefined);
  using world = await connectWith(server.address, { askAgainMs: 20 });
  for (let call = 0; call < 5; call += 1) expect(await world.nameOf('a')).toBe('plain');
  expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes_opened_total')).toBe(0);
});

test('a server that drains at once gets ordinary calls, and lanes again when it takes them', async () => {
  let isDraining = true;
  using server = await startFakeServer((lane) => {
    lane.send(isDraining ? { settings, drain: {} } : { settings });
    if (!isDraining) lane.answer();
  });
  using world = await connectWith(server.address);
  expect(await world.nameOf('a')).toBe('plain');
  isDraining = false;
  await vi.waitFor(async () => expect(await world.nameOf('b')).toBe('b'), { timeout: 5_000 });
});

test('a lane that drains keeps its calls, and new ones go on the next lane', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings });
    if (server.lanes.length > 1) lane.answer();
  });
  using world = await connectWith(server.address);
  const old = world.nameOf('old');
  const [first] = await vi.waitFor(() => {
    expect(server.lanes).toHaveLength(1);
    return server.lanes;
  });
  await vi.waitFor(() => expect(first?.callIds).toEqual([1]));
  first?.send({ drain: { lastCallId: 1, graceMillis: 60_000 } });
  await vi.waitFor(async () => expect(await world.nameOf('new')).toBe('new'), { timeout: 5_000 });
  const halfClosed = new Promise((resolve) => first?.stream.on('end', resolve));
  first?.reply(1, 'old');
  expect(await old).toBe('old');
  await halfClosed;
});

test('calls after the last one that a draining server has taken up are made elsewhere, whatever their method', async () => {
  let callsSeen = 0;
  using server = await startFakeServer((lane) => {
    lane.send({ settings });
    if (server.lanes.length > 1) return lane.answer();
    lane.onFrame(({ calls }) => {
      callsSeen += calls.length;
      if (callsSeen === 3) lane.send({ drain: { lastCallId: 1, graceMillis: 60_000 } });
    });
  });
  using world = await connectWith(server.address);
  const kept = world.nameOf('kept');
  await vi.waitFor(() => expect(server.lanes[0]?.callIds).toEqual([1]));
  // They must not be repeated; but they have not been made.
  const calls = Array.from({ length: 2 }, (_, index) =>
    Array.fromAsync(world.client.callTool(CallToolRequest.create({ name: `${index}` }), { assertion: 'ann' })),
  );
  expect((await Promise.all(calls)).map(({ length }) => length)).toEqual([1, 1]);
  server.lanes[0]?.reply(1, 'kept');
  expect(await kept).toBe('kept');
});

test('a server that sends more than the window of a stream loses its lane', async () => {
  using server = await startFakeServer((lane) => {
    lane.send({ settings });
    lane.onFrame(({ calls }) => {
      for (const { callId } of calls) {
        for (let reply = 0; reply < 40; reply += 1)
          lane.send({ replies: [{ callId, payload: new Uint8Array(10_000) }] });
      }
    });
  });
  using world = await connectWith(server.address);
  const replies = world.client.callTool(CallToolRequest.create(), { assertion: 'ann' })[Symbol.asyncIterator]();
  await replies.next();
  await vi.waitFor(async () => expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes_ended_total')).toBe(1));
  await expect(
    (async () => {
      for (;;) if ((await replies.next()).done === true) return;
    })(),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a server that never reads holds up no more than its settings allow, and loses its lane', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  try {
    using server = await startFakeServer((lane) => {
      lane.stream.pause();
      lane.send({ settings: { ...settings, queuedBytesMax: 16 * MIB } });
    });
    using world = await connectWith(server.address);
    const calls = Array.from({ length: 100 }, () => world.nameOf('x'.repeat(MIB / 2)).catch(() => undefined));
    await vi.waitFor(async () => expect((await heldOnLanes('client', world.metrics)).calls).toBeGreaterThan(8), {
      timeout: 10_000,
    });
    // What is in flight is counted, and what is unsent of it again.
    expect((await heldOnLanes('client', world.metrics)).bytes).toBeLessThan(17 * MIB);
    for (let checks = 0; checks < 3; checks += 1) vi.advanceTimersByTime(READER_STUCK_MS / 2);
    await Promise.all(calls);
    expect(await metricOf(world.metrics, 'gantry_rpc_client_lanes_ended_total')).toBeGreaterThan(0);
  } finally {
    vi.useRealTimers();
  }
});
