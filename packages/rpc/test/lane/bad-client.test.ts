import { CallToolRequest, CallToolResponse, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { expect, test, vi } from 'vitest';

import { ASSERTION_CHARACTERS_MAX, FRAME_BYTES_MAX } from '../../src/lane/lane-limits.ts';
import { heldOnLanes, metricOf } from './lane-metrics-of.ts';
import { ann, getTool, hanging, toolPath } from './raw-lane.ts';
import { startWithLane } from './start-with-lane.ts';

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const broken = { code: INVALID_ARGUMENT, reason: 'LANE_PROTOCOL_ERROR' };

test.each([
  ['a field that is cut off', Buffer.from([0x12, 0x10, 0x08])],
  ['a number without an end', Buffer.alloc(20, 0xff)],
  ['a group', Buffer.from([0x0b])],
  ['text', Buffer.from('GET / HTTP/1.1')],
])('a frame that is %s breaks the lane, whose calls are cancelled', async (_, frame) => {
  await using world = await startWithLane();
  world.lane.send({ assertions: [ann], calls: [hanging(1)] });
  await vi.waitFor(async () => expect((await heldOnLanes('server', world.serverMetrics)).calls).toBe(1));
  world.lane.sendBytes(frame);
  expect(await world.lane.ended).toEqual(broken);
  await world.expectUnharmed();
});

test('an empty frame does nothing, and fields of a later version are skipped', async () => {
  await using world = await startWithLane();
  world.lane.sendBytes(new Uint8Array(0));
  world.lane.sendBytes(Buffer.from([0xf2, 0x3f, 0x03, 1, 2, 3, 0xf8, 0x3f, 0x07]));
  world.lane.send({ assertions: [ann], calls: [getTool(1)] });
  await world.lane.repliedTo(1);
  await world.expectUnharmed();
});

test.each([
  ['0', [0]],
  ['used already', [5, 5]],
  ['below an earlier one', [5, 4]],
])('a call whose id is %s breaks the lane', async (_, ids) => {
  await using world = await startWithLane();
  world.lane.send({ assertions: [ann], calls: ids.map((id) => hanging(id)) });
  expect(await world.lane.ended).toEqual(broken);
  await world.expectUnharmed();
});

test.each([
  ['has an id that is 0', [{ assertionId: 0, value: 'ann' }]],
  ['has an id that was used', [ann, ann]],
  ['is longer than 16 KiB', [{ assertionId: 1, value: 'a'.repeat(ASSERTION_CHARACTERS_MAX + 1) }]],
])('an assertion that %s breaks the lane', async (_, assertions) => {
  await using world = await startWithLane();
  world.lane.send({ assertions });
  expect(await world.lane.ended).toEqual(broken);
  await world.expectUnharmed();
});

test('a frame over the cap ends the lane, and its calls are cancelled', async () => {
  await using world = await startWithLane();
  world.lane.send({ assertions: [ann], calls: [hanging(1)] });
  world.lane.sendBytes(Buffer.alloc(FRAME_BYTES_MAX + 1));
  expect(await world.lane.ended).toMatchObject({ code: RESOURCE_EXHAUSTED });
  await world.expectUnharmed();
  await vi.waitFor(async () => expect(await metricOf(world.serverMetrics, 'gantry_rpc_server_lanes')).toBe(1));
});

test('cancels and windows of calls that never were, or have ended, are ignored', async () => {
  await using world = await startWithLane();
  world.lane.send({ assertions: [ann], calls: [getTool(1)], windows: [{ callId: 9, bytes: 7 }], cancels: [0, 8, 4e9] });
  await world.lane.repliedTo(1);
  world.lane.send({ cancels: [1], windows: [{ callId: 1, bytes: 4_294_967_295 }], calls: [getTool(2)] });
  await world.lane.repliedTo(2);
  await world.expectUnharmed();
});

test('floods of cancels and windows harm nobody', async () => {
  await using world = await startWithLane();
  const windows = Array.from({ length: 100_000 }, (_, index) => ({ callId: index, bytes: 1 }));
  const cancels = Array.from({ length: 300_000 }, (_, index) => index + 2);
  world.lane.send({ assertions: [ann], calls: [hanging(1)] });
  for (let round = 0; round < 5; round += 1) world.lane.send({ windows, cancels });
  world.lane.send({ calls: [getTool(400_000)] });
  await world.lane.repliedTo(400_000);
  world.lane.send({ cancels: [1] });
  await world.expectUnharmed();
});

test('calls that are cancelled at once are over, and the lane goes on', async () => {
  await using world = await startWithLane();
  world.lane.send({ assertions: [ann] });
  for (let first = 1; first < 20_000; first += 1_000) {
    const ids = Array.from({ length: 1_000 }, (_, index) => first + index);
    world.lane.send({ calls: ids.map((id) => hanging(id)), cancels: ids });
  }
  world.lane.send({ calls: [getTool(60_000)] });
  await world.lane.repliedTo(60_000);
  expect(world.lane.replies).toHaveLength(1);
  await world.expectUnharmed();
});

test('a payload of no bytes is a message, one that is no message fails its call, and the largest gets through', async () => {
  await using world = await startWithLane();
  const largest = nameOfLength(FRAME_BYTES_MAX - 100);
  world.lane.send({
    assertions: [ann],
    calls: [
      getTool(1, { payload: new Uint8Array(0) }),
      getTool(2, { payload: new Uint8Array([0x0a, 0xff, 0xff]) }),
      getTool(3),
    ],
  });
  await world.lane.repliedTo(1);
  await world.lane.repliedTo(3);
  expect(await world.lane.reasonOf(2)).toBe('REQUEST_MALFORMED');
  // It comes back in a reply of nearly the same length.
  world.lane.send({ calls: [getTool(4, { payload: largest })] });
  await world.lane.repliedTo(4);
  await world.expectUnharmed();
});

/** A GetToolRequest of so many bytes. */
function nameOfLength(bytes: number): Uint8Array {
  const name = Buffer.alloc(bytes - 5, 'x');
  const tag = Buffer.alloc(5);
  tag[0] = 0x0a;
  for (let at = 1; at < 5; at += 1) tag[at] = ((name.length >> ((at - 1) * 7)) & 0x7f) | (at < 4 ? 0x80 : 0);
  return Buffer.concat([tag, name]);
}

test('a reply that fits no frame ends its call with LANE_REPLY_TOO_LARGE, and a stream hears of it', async () => {
  const big = 'x'.repeat(FRAME_BYTES_MAX);
  const { promise: returned, resolve } = Promise.withResolvers<void>();
  await using world = await startWithLane({
    handlers: {
      getTool: async ({ name }) => ({
        tool: Tool.create({ name: name === 'after' || name === 'before' ? name : big }),
      }),
      async *callTool() {
        try {
          for (;;) yield { event: { $case: 'progress', value: { progress: 1, total: 1, message: big } } };
        } finally {
          resolve();
        }
      },
    },
  });
  const payload = CallToolRequest.encode(CallToolRequest.create({ name: 'x' })).finish();
  world.lane.send({ assertions: [ann], calls: [getTool(1), getTool(2, { method: toolPath('CallTool'), payload })] });
  expect(await world.lane.reasonOf(1)).toBe('LANE_REPLY_TOO_LARGE');
  expect(await world.lane.reasonOf(2)).toBe('LANE_REPLY_TOO_LARGE');
  await returned;
  await world.expectUnharmed();
});

test('too much metadata fails its call, and what has a field of its own or is for gRPC is not heeded', async () => {
  const seen: (string | undefined)[] = [];
  await using world = await startWithLane({
    handlers: {
      getTool: async ({ name }, { metadata, principal }) => {
        if (name === 'call-2') seen.push(principal.userId, metadata('x'), metadata('x-bin'), metadata('grpc-timeout'));
        return { tool: Tool.create({ name }) };
      },
    },
  });
  const metadata = { x: 'y', 'x-bin': 'z', 'grpc-timeout': '1n', 'gantry-assertion': 'mallory', traceparent: 'no' };
  world.lane.send({
    assertions: [ann],
    calls: [getTool(1, { metadata: { padding: 'x'.repeat(9_000) } }), getTool(2, { metadata })],
  });
  expect(await world.lane.reasonOf(1)).toBe('METADATA_TOO_LARGE');
  await world.lane.repliedTo(2);
  expect(seen).toEqual(['ann', 'y', undefined, undefined]);
  await world.expectUnharmed();
});

test('methods that are not on the lane are UNIMPLEMENTED and not started', async () => {
  await using world = await startWithLane();
  const methods = [
    '',
    '/a/B',
    toolPath('Nothing'),
    'x'.repeat(100_000),
    '/gantry.lane.v1.Lane/Open',
    toolPath('getTool'),
  ];
  world.lane.send({ assertions: [ann], calls: methods.map((method, index) => getTool(index + 1, { method })) });
  for (const [index] of methods.entries()) expect(await world.lane.reasonOf(index + 1)).toBe('METHOD_UNIMPLEMENTED');
  expect(world.lane.statuses.map(({ code, notStarted }) => [code, notStarted])).toEqual(methods.map(() => [12, true]));
  await world.expectUnharmed();
});

test('an assertion that is not known or not valid fails its call, not the lane', async () => {
  await using world = await startWithLane();
  const assertions = [ann, { assertionId: 2, value: 'mallory' }];
  const calls = [getTool(1, { assertionId: 7 }), getTool(2, { assertionId: 2 }), getTool(3, { assertionId: 0 })];
  world.lane.send({ assertions, calls: [...calls, getTool(4)] });
  expect(await world.lane.reasonOf(1)).toBe('LANE_ASSERTION_UNKNOWN');
  expect(await world.lane.reasonOf(2)).toBe('ASSERTION_INVALID');
  expect(await world.lane.reasonOf(3)).toBe('ASSERTION_MISSING');
  const notStarted = new Map(world.lane.statuses.map((status) => [status.callId, status.notStarted]));
  expect(Object.fromEntries(notStarted)).toEqual({ 1: true, 2: false, 3: false });
  await world.lane.repliedTo(4);
  await world.expectUnharmed();
});

test.each([
  ['are too many', { assertionsMax: 2 }],
  ['are too long together', { assertionCharactersMax: 6 }],
])('the oldest assertions are forgotten when they %s', async (_, lanes) => {
  await using world = await startWithLane({ server: { lanes } });
  const assertions = [1, 2, 3].map((assertionId) => ({ assertionId, value: 'ann' }));
  world.lane.send({ assertions, calls: [1, 2, 3].map((id) => getTool(id, { assertionId: id })) });
  expect(await world.lane.reasonOf(1)).toBe('LANE_ASSERTION_UNKNOWN');
  await Promise.all([world.lane.repliedTo(2), world.lane.repliedTo(3)]);
  await world.expectUnharmed();
});

test('a timeout of 0 ends its call at once, one without limit is bounded by the server, and a long one is kept', async () => {
  const deadlines: number[] = [];
  await using world = await startWithLane({
    handlers: {
      getTool: async ({ name }, { deadlineMs }) => (deadlines.push(deadlineMs), { tool: Tool.create({ name }) }),
      async *callTool(_request, { deadlineMs, signal }) {
        deadlines.push(deadlineMs);
        // Were the deadline over already, it would be aborted now.
        await new Promise((resolve) => setTimeout(resolve, 20));
        signal.throwIfAborted();
        yield CallToolResponse.create();
      },
    },
  });
  const stream = (callId: number, timeoutMillis: number) =>
    getTool(callId, { method: toolPath('CallTool'), payload: new Uint8Array(0), timeoutMillis });
  deadlines.length = 0;
  world.lane.send({
    assertions: [ann],
    calls: [
      getTool(1, { timeoutMillis: 0 }),
      stream(2, 4_294_967_295),
      stream(3, 4_294_967_294),
      getTool(4, { timeoutMillis: 4_294_967_295 }),
    ],
  });
  expect(await world.lane.reasonOf(1)).toBe('DEADLINE_EXCEEDED');
  await Promise.all([2, 3, 4].map((id) => world.lane.repliedTo(id)));
  expect(deadlines[0]).toBe(Infinity);
  expect(deadlines[1]).toBeGreaterThan(Date.now() + 24 * 86_400_000);
  expect(deadlines[2]).toBeLessThanOrEqual(Date.now() + 120_000);
  await world.expectUnharmed();
});

test('a client that half-closes gets the answers of its calls, and then OK', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using world = await startWithLane({
    handlers: {
      getTool: async ({ name }) => {
        if (name.startsWith('call-')) await gate;
        return { tool: Tool.create({ name }) };
      },
    },
  });
  world.lane.send({ assertions: [ann], calls: [getTool(1), getTool(2)] });
  world.lane.stream.end();
  await vi.waitFor(async () => expect((await heldOnLanes('server', world.serverMetrics)).calls).toBe(2));
  open();
  expect(await world.lane.ended).toEqual({ code: 0, reason: undefined });
  expect(world.lane.replies.map(({ callId, end }) => [callId, end])).toEqual([
    [1, true],
    [2, true],
  ]);
  await world.expectUnharmed();
});
