import { OpenResponse } from '@gantry/protocol/gantry/lane/v1/lane';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  readServerPart,
  replyBytes,
  type ServerFrameVisitor,
  writeDrain,
  writeReply,
  writeSettings,
  writeStatus,
} from '../../src/lane/server-frame.ts';
import { WireWriter } from '../../src/lane/wire-writer.ts';
import { bytes, expectOnlyWireErrors, uint32, withUnknownFields } from './frame-arbitraries.ts';
import { readFrame } from './read-frame.ts';

const settingsPart = fc.record({ callsInFlightMax: uint32, queuedBytesMax: uint32, frameBytesMax: uint32 });
const reply = fc.record({ callId: uint32, payload: bytes, end: fc.boolean() });
const status = fc.record({
  callId: uint32,
  code: uint32,
  message: fc.string({ unit: 'grapheme', maxLength: 50 }),
  details: bytes,
  notStarted: fc.boolean(),
});
const drainPart = fc.record({ lastCallId: uint32, graceMillis: uint32 });
const few = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 5 });
const orNone = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const response = fc.record({
  settings: orNone(settingsPart),
  replies: few(reply),
  statuses: few(status),
  drain: orNone(drainPart),
});

/** Puts a frame together again as the generated code has it. */
function read(frame: Buffer): OpenResponse {
  const parts = collect();
  readFrame(frame, (reader) => readServerPart(reader, parts.visitor));
  return parts.message();
}

function collect() {
  const replies: OpenResponse['replies'][number][] = [];
  const statuses: OpenResponse['statuses'][number][] = [];
  let settings: OpenResponse['settings'];
  let drain: OpenResponse['drain'];
  const visitor: ServerFrameVisitor = {
    settings: (one) => (settings = one),
    reply: (callId, payload, end) => void replies.push({ callId, payload: new Uint8Array(payload), end }),
    status: ({ details, ...rest }) => void statuses.push({ ...rest, details: new Uint8Array(details) }),
    drain: (lastCallId, graceMillis) => (drain = { lastCallId, graceMillis }),
  };
  return { message: (): OpenResponse => ({ settings, replies, statuses, drain }), visitor };
}

function write(message: OpenResponse): Buffer {
  const writer = new WireWriter();
  if (message.settings !== undefined) writeSettings(writer, message.settings);
  for (const { callId, payload, end } of message.replies) writeReply(writer, callId, { payload, isEnd: end });
  for (const one of message.statuses) writeStatus(writer, one);
  if (message.drain !== undefined) writeDrain(writer, message.drain.lastCallId, message.drain.graceMillis);
  return writer.take();
}

test('the generated decoder reads what we write', () => {
  fc.assert(
    fc.property(response, (message) => {
      expect(OpenResponse.decode(new Uint8Array(write(message)))).toEqual(message);
    }),
  );
});

test('we read what the generated encoder writes, and skip what we do not know', () => {
  fc.assert(
    fc.property(response, withUnknownFields, (message, addUnknown) => {
      expect(read(addUnknown(OpenResponse.encode(message).finish()))).toEqual(message);
    }),
  );
});

test('a reply takes no more bytes than it is said to', () => {
  fc.assert(
    fc.property(reply, ({ callId, payload, end }) => {
      const writer = new WireWriter();
      writeReply(writer, callId, { payload, isEnd: end });
      expect(writer.length).toBeLessThanOrEqual(replyBytes(callId, payload));
      expect(writer.length).toBeGreaterThanOrEqual(replyBytes(callId, payload) - 2);
    }),
  );
});

test('a frame larger than a slab is written whole', () => {
  const payload = new Uint8Array(3_000_000).fill(7);
  const message = OpenResponse.create({
    replies: [
      { callId: 1, payload: new Uint8Array(10) },
      { callId: 2, payload },
    ],
  });
  const { replies } = OpenResponse.decode(write(message));
  expect(Buffer.compare(replies[1]?.payload ?? new Uint8Array(0), payload)).toBe(0);
});

test('bytes that are cut off, changed or made up are refused as such, and nothing else is thrown', () => {
  expectOnlyWireErrors(
    response.map((message) => OpenResponse.encode(message).finish()),
    read,
  );
});
