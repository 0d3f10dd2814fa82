import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { OpenRequest } from '@gantry/protocol/gantry/lane/v1/lane';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  callBytes,
  type CallPart,
  type ClientFrameVisitor,
  readClientPart,
  writeAssertion,
  writeCall,
  writeCancel,
  writeWindow,
} from '../../src/lane/client-frame.ts';
import { WireWriter } from '../../src/lane/wire-writer.ts';
import { ascii, bytes, expectOnlyWireErrors, uint32, withUnknownFields } from './frame-arbitraries.ts';
import { readFrame } from './read-frame.ts';

const metadata = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ maxLength: 20 }), {
  maxKeys: 4,
  noNullPrototype: true,
});
const call = fc.record({
  callId: uint32,
  method: ascii,
  payload: bytes,
  timeoutMillis: uint32,
  assertionId: uint32,
  traceparent: ascii,
  windowBytes: uint32,
  requestId: ascii,
});
const assertion = fc.record({ assertionId: uint32, value: ascii });
const window = fc.record({ callId: uint32, bytes: uint32 });
const few = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 5 });
const request = fc.record({
  assertions: few(assertion),
  calls: few(call.map((fields) => ({ ...fields, metadata: {} }))),
  windows: few(window),
  cancels: few(uint32),
});
const requestOfOthers = fc.record({
  assertions: few(fc.record({ assertionId: uint32, value: fc.string({ unit: 'grapheme' }) })),
  calls: few(fc.tuple(call, metadata).map(([fields, texts]) => ({ ...fields, metadata: texts }))),
  windows: few(window),
  cancels: few(uint32),
});

/** Puts a frame together again as the generated code has it. */
function read(frame: Buffer): OpenRequest {
  const { message, visitor } = collect();
  readFrame(frame, (reader) => readClientPart(reader, visitor));
  return message;
}

function collect() {
  const assertions: OpenRequest['assertions'][number][] = [];
  const calls: OpenRequest['calls'][number][] = [];
  const windows: OpenRequest['windows'][number][] = [];
  const cancels: number[] = [];
  const visitor: ClientFrameVisitor = {
    assertion: (assertionId, value) => void assertions.push({ assertionId, value }),
    call: ({ timeoutMs: timeoutMillis, metadata: texts, payload, ...rest }) =>
      void calls.push({
        ...rest,
        payload: new Uint8Array(payload),
        timeoutMillis,
        metadata: Object.fromEntries(texts ?? []),
      }),
    window: (callId, added) => void windows.push({ callId, bytes: added }),
    cancel: (callId) => void cancels.push(callId),
  };
  return { message: { assertions, calls, windows, cancels } satisfies OpenRequest, visitor };
}

function partOf({ timeoutMillis: timeoutMs, ...rest }: OpenRequest['calls'][number]): CallPart {
  return { ...rest, timeoutMs };
}

function write(message: OpenRequest): Buffer {
  const writer = new WireWriter();
  for (const { assertionId, value } of message.assertions) writeAssertion(writer, assertionId, value);
  for (const one of message.calls) writeCall(writer, partOf(one));
  for (const { callId, bytes: added } of message.windows) writeWindow(writer, callId, added);
  for (const callId of message.cancels) writeCancel(writer, callId);
  return writer.take();
}

/** A frame that leaves out what is 0, as ours does with cancels; nobody has given up call 0. */
const withoutZeros = (message: OpenRequest): OpenRequest => ({
  ...message,
  cancels: message.cancels.filter((id) => id !== 0),
});

test('the generated decoder reads what we write', () => {
  fc.assert(
    fc.property(request, (message) => {
      const decoded = OpenRequest.decode(new Uint8Array(write(message)));
      expect(withoutPrototypes(decoded)).toEqual(withoutPrototypes(withoutZeros(message)));
    }),
  );
});

test('we read what the generated encoder writes, metadata and all, and skip what we do not know', () => {
  fc.assert(
    fc.property(requestOfOthers, withUnknownFields, (message, addUnknown) => {
      const frame = addUnknown(OpenRequest.encode(message).finish());
      expect(withoutPrototypes(read(frame))).toEqual(withoutPrototypes(message));
    }),
  );
});

test('cancels are read packed and one by one', () => {
  const packed = new BinaryWriter().uint32(0x22).fork().uint32(1).uint32(4_294_967_295).join().finish();
  const single = new BinaryWriter().uint32(0x20).uint32(7).finish();
  expect(read(Buffer.concat([packed, single])).cancels).toEqual([1, 4_294_967_295, 7]);
});

test('a call takes as many bytes as it is said to', () => {
  fc.assert(
    fc.property(call, ({ timeoutMillis, ...rest }) => {
      const part = { ...rest, timeoutMs: timeoutMillis };
      const writer = new WireWriter();
      writeCall(writer, part);
      expect(writer.length).toBe(callBytes(part));
    }),
  );
});

test('frames that were taken stay as they are while later ones are written', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 10 }), (messages) => {
      const writer = new WireWriter();
      const frames = messages.map(({ calls }) => {
        for (const one of calls) writeCall(writer, partOf(one));
        return writer.take();
      });
      for (const [index, frame] of frames.entries())
        expect(withoutPrototypes(read(frame).calls)).toEqual(withoutPrototypes(messages[index]?.calls));
    }),
  );
});

test('a text that is no ASCII arrives garbled, and what follows it arrives whole', () => {
  const writer = new WireWriter();
  const [part] = OpenRequest.create({ calls: [{ callId: 1, requestId: 'ü€😀' }] }).calls;
  if (part !== undefined) writeCall(writer, partOf(part));
  writeCancel(writer, 5);
  const { calls, cancels } = read(writer.take());
  expect(calls).toHaveLength(1);
  expect(calls[0]?.requestId).not.toBe('ü€😀');
  expect(cancels).toEqual([5]);
});

test('bytes that are cut off, changed or made up are refused as such, and nothing else is thrown', () => {
  expectOnlyWireErrors(
    requestOfOthers.map((message) => OpenRequest.encode(message).finish()),
    read,
  );
});

/** The generated code makes maps without a prototype, which toEqual minds. */
function withoutPrototypes(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}
