import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeStoredContent, encodeStoredContent } from './stored-content-codec.ts';

test('content is read back as it was packed', () => {
  fc.assert(
    fc.property(fc.string(), fc.webUrl(), fc.uint8Array(), (mimeType, canonicalUri, bytes) => {
      const content = { mimeType, canonicalUri, bytes: new Uint8Array(bytes), version: 'ab', fetchedAtMs: 12 };
      expect(decodeStoredContent(encodeStoredContent(content))).toEqual(content);
    }),
  );
});

test('bytes of another shape throw instead of becoming content', () => {
  for (const bytes of [[], [0, 0, 0, 9], [0, 0, 0, 1, 0x7b]]) {
    expect(() => decodeStoredContent(new Uint8Array(bytes))).toThrow();
  }
});
