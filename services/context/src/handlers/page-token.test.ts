import { expect, test } from 'vitest';

import { fromListToken, fromSearchToken, toListToken, toSearchToken } from './page-token.ts';

const OFFSET_MAX = 1_000;
const bytes = (text: string) => Buffer.from(text).toString('base64url');

test('a search token comes back as its offset, for the same search only', () => {
  const token = toSearchToken(20, ['wing', 'docs']);
  expect(fromSearchToken(token, ['wing', 'docs'], OFFSET_MAX)).toBe(20);
  expect(() => fromSearchToken(token, ['wing', ''], OFFSET_MAX)).toThrow(/page_token/);
  expect(() => fromSearchToken(token, ['wingdocs', ''], OFFSET_MAX)).toThrow(/page_token/);
  expect(fromSearchToken('', ['wing', 'docs'], OFFSET_MAX)).toBe(0);
});

test('a search cannot be paged through beyond its depth', () => {
  expect(() => fromSearchToken(toSearchToken(OFFSET_MAX, ['q']), ['q'], OFFSET_MAX)).toThrow(/page_token/);
});

test.each([
  'x',
  '%%%',
  bytes('{}'),
  bytes('[1]'),
  bytes('["1","2"]'),
  bytes('[-1,"x"]'),
  bytes('null'),
  'A'.repeat(1_000_000),
])('a token that is not ours is refused: %.20s', (token) =>
  expect(() => fromSearchToken(token, ['q'], OFFSET_MAX)).toThrow(/page_token/),
);

test('a list token comes back as its document, within its source only', () => {
  const key = { source: 'docs', documentId: 'ü\n1' };
  expect(fromListToken(toListToken(key), undefined)).toEqual(key);
  expect(fromListToken(toListToken(key), 'docs')).toEqual(key);
  expect(() => fromListToken(toListToken(key), 'wiki')).toThrow(/page_token/);
  expect(() => fromListToken(bytes('[1,2]'), undefined)).toThrow(/page_token/);
  expect(() => fromListToken(bytes('["a\\u0000","b"]'), undefined)).toThrow(/page_token/);
  expect(fromListToken('', undefined)).toBeUndefined();
});
