import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { expect } from 'vitest';

import { WireError } from '../../src/lane/wire-reader.ts';

/** Numbers of every length on the wire. */
export const uint32 = fc.oneof(
  fc.nat({ max: 300 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xfff_ffff, 0x1000_0000, 2 ** 31, 2 ** 32 - 1),
);

/** Texts as our own side writes them. */
export const ascii = fc.string({ unit: 'binary-ascii', maxLength: 200 });

/** Payloads, empty ones too. */
export const bytes = fc.uint8Array({ maxLength: 300 });

const unknownField = fc.oneof(
  uint32.map((value) => (writer: BinaryWriter) => writer.tag(99, WireType.Varint).uint32(value)),
  bytes.map((value) => (writer: BinaryWriter) => writer.tag(100, WireType.LengthDelimited).bytes(value)),
  uint32.map((value) => (writer: BinaryWriter) => writer.tag(2_000, WireType.Bit32).fixed32(value)),
  uint32.map((value) => (writer: BinaryWriter) => writer.tag(536_870_911, WireType.Bit64).fixed64(value)),
);

/** Functions that put fields of a later version around a frame. */
export const withUnknownFields = fc
  .tuple(fc.array(unknownField, { maxLength: 3 }), fc.array(unknownField, { maxLength: 3 }))
  .map(
    ([before, after]) =>
      (frame: Uint8Array) =>
        Buffer.concat([encoded(before), frame, encoded(after)]),
  );

function encoded(fields: readonly ((writer: BinaryWriter) => unknown)[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const write of fields) write(writer);
  return writer.finish();
}

/** Checks that a reader throws nothing but WireErrors, and ends, whatever becomes of frames on the way. */
export function expectOnlyWireErrors(frames: fc.Arbitrary<Uint8Array>, read: (frame: Buffer) => void): void {
  const tryToRead = (frame: Buffer) => {
    try {
      read(frame);
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
    }
  };
  const change = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), to: fc.nat(255) });
  fc.assert(
    fc.property(frames, fc.array(change, { maxLength: 4 }), (frame, changes) => {
      for (let length = 0; length < Math.min(frame.length, 64); length += 1)
        tryToRead(Buffer.from(frame.subarray(0, length)));
      const changed = Buffer.from(frame);
      for (const { at, to } of changes) if (changed.length > 0) changed[Math.floor(at * changed.length)] = to;
      tryToRead(changed);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (frame) => tryToRead(Buffer.from(frame))));
}
