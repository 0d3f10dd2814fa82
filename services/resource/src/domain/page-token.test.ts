import { pathToFileURL } from 'node:url';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fromPageToken, parsePageSize, toPageToken } from './page-token.ts';

const schemes = ['file'];

test('the token of a file is read back, whatever its name', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 })), (names) => {
      const uri = pathToFileURL(`/${names.map((name) => name.replaceAll('\0', '')).join('/')}`).href;
      expect(fromPageToken(toPageToken(uri), schemes)).toBe(uri);
    }),
  );
});

test('the token of the longest path there is is read back', () => {
  const uri = pathToFileURL(`/${'é'.repeat(2_047)}`).href;
  expect(fromPageToken(toPageToken(uri), schemes)).toBe(uri);
});

test('no token is the first page', () => expect(fromPageToken('', schemes)).toBe(''));

test.each([
  '!',
  'YQ==',
  'a',
  `${'A'.repeat(17_001)}`,
  '_w',
  'AAAA',
  'W10',
  'e30',
  toPageToken('a.md'),
  toPageToken('/srv/docs/a.md'),
  toPageToken('https://example.com/a'),
  toPageToken('file:///srv/../docs'),
  toPageToken('file:///srv/with space'),
  toPageToken('file:///srv/\uFFFF'),
])('a token that is not ours is refused: %#', (token) => {
  expect(() => fromPageToken(token, schemes)).toThrow(expect.objectContaining({ reason: 'PAGE_TOKEN_INVALID' }));
});

test('a page size of 0 is the default, the maximum is taken, one more is refused', () => {
  const range = { standard: 100, max: 1_000 };
  expect(parsePageSize(0, range)).toBe(100);
  expect(parsePageSize(1_000, range)).toBe(1_000);
  expect(() => parsePageSize(1_001, range)).toThrow(expect.objectContaining({ reason: 'PAGE_SIZE_INVALID' }));
});
