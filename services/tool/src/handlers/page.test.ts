import { expect, test } from 'vitest';

import { cutPage } from './page.ts';

const named = (...names: readonly string[]) => names.map((name) => ({ name }));
const all = named('a', 'b', 'c', 'd');
const tokenOf = (name: string) => Buffer.from(`after:${name}`).toString('base64url');

test('a page ends where it is asked to, and its token names its last item', () => {
  const first = cutPage(all, { pageSize: 2, pageToken: '' });
  expect(first).toEqual({ items: named('a', 'b'), nextPageToken: tokenOf('b') });
  expect(cutPage(all, { pageSize: 2, pageToken: first.nextPageToken })).toEqual({
    items: named('c', 'd'),
    nextPageToken: '',
  });
});

test('the next page goes on behind an item that is gone, and shows one that has come', () => {
  const changed = named('a', 'c', 'cc', 'd');
  expect(cutPage(changed, { pageSize: 2, pageToken: tokenOf('b') })).toEqual({
    items: named('c', 'cc'),
    nextPageToken: tokenOf('cc'),
  });
});

test('a page of everything is the list itself, so that whatever was written of it can be used again', () => {
  expect(cutPage(all, { pageSize: 0, pageToken: '' }).items).toBe(all);
});

test('behind the last item there is an empty page and no token', () => {
  expect(cutPage(all, { pageSize: 1, pageToken: tokenOf('d') })).toEqual({ items: [], nextPageToken: '' });
  expect(cutPage([], { pageSize: 0, pageToken: '' })).toEqual({ items: [], nextPageToken: '' });
});

test('0 means 1,000, which is also the most', () => {
  const many = named(...Array.from({ length: 1_001 }, (_, i) => String(i).padStart(4, '0')));
  for (const pageSize of [0, 1_000]) {
    const { items, nextPageToken } = cutPage(many, { pageSize, pageToken: '' });
    expect(items).toHaveLength(1_000);
    expect(cutPage(many, { pageSize, pageToken: nextPageToken }).items).toEqual(named('1000'));
  }
  expect(() => cutPage(many, { pageSize: 1_001, pageToken: '' })).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      reason: 'PAGE_SIZE_INVALID',
      fieldViolations: [{ field: 'page_size', description: 'must be at most 1000' }],
    }),
  );
});

test.each(['x', tokenOf(''), tokenOf('a b'), tokenOf('a'.repeat(129)), Buffer.from('a').toString('base64url')])(
  'the token %j is PAGE_TOKEN_INVALID',
  (pageToken) => {
    expect(() => cutPage(all, { pageSize: 0, pageToken })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        reason: 'PAGE_TOKEN_INVALID',
        fieldViolations: [{ field: 'page_token', description: expect.any(String) }],
      }),
    );
  },
);
