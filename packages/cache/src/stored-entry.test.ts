import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeEntry, encodeEntry } from './stored-entry.ts';

test('an entry comes back as it was written', () => {
  fc.assert(
    fc.property(fc.option(fc.uint8Array(), { nil: undefined }), fc.nat(), (payload, expiresAtMs) => {
      const entry = decodeEntry(encodeEntry({ payload, expiresAtMs }));
      expect(entry).toEqual({ payload, expiresAtMs });
    }),
  );
});

test('bytes that are no entry are no entry, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const entry = decodeEntry(bytes);
      expect(entry === undefined || bytes[0] === 1).toBe(true);
    }),
  );
});

test.each([
  ['another version', (bytes: Uint8Array) => bytes.with(0, 2)],
  ['an unknown kind', (bytes: Uint8Array) => bytes.with(1, 7)],
  ['a cut header', (bytes: Uint8Array) => bytes.subarray(0, 9)],
  [
    'an expiry that is no number',
    (bytes: Uint8Array) => Uint8Array.from([...bytes.subarray(0, 2), ...Array(8).fill(255)]),
  ],
])('%s is a miss', (_what, change) => {
  expect(decodeEntry(change(encodeEntry({ payload: Buffer.from('v'), expiresAtMs: 1 })))).toBeUndefined();
});
