import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fromPageToken, parsePageSize, toPageToken } from './page-token.ts';

test('a token is read back', () => {
  fc.assert(
    fc.property(fc.webUrl(), (uri) => {
      expect(fromPageToken(toPageToken(uri))).toBe(uri);
    }),
  );
});

test.each(['!', 'YQ==', 'a', `${'A'.repeat(12_001)}`, '_w'])('a token that is not ours is refused: %#', (token) => {
  expect(() => fromPageToken(token)).toThrow(expect.objectContaining({ reason: 'PAGE_TOKEN_INVALID' }));
});

test('a page size of 0 is the default, the maximum is taken, one more is refused', () => {
  const range = { standard: 100, max: 1_000 };
  expect(parsePageSize(0, range)).toBe(100);
  expect(parsePageSize(1_000, range)).toBe(1_000);
  expect(() => parsePageSize(1_001, range)).toThrow(expect.objectContaining({ reason: 'PAGE_SIZE_INVALID' }));
});
