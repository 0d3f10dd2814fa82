import { isAppError } from '@gantry/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseResourceUri, schemeOf, URI_CHARACTERS_MAX } from './resource-uri.ts';

test('an absolute uri is parsed', () => {
  expect(schemeOf(parseResourceUri('https://example.com/a?b=c'))).toBe('https');
});

test.each([
  ['empty', ''],
  ['relative', 'a/b.md'],
  ['with a space', 'file:///a b'],
  ['with a tab a parser would drop', 'ht\ttps://example.com/'],
  ['with a line break', 'https://example.com/\r\nx'],
  ['with a NUL', 'file:///a\0b'],
  ['with a backslash', 'https:\\\\example.com\\a'],
  ['with credentials', 'https://user:secret@example.com/'],
  ['with a user', 'https://user@example.com/'],
  ['with a fragment', 'https://example.com/#top'],
  ['with an empty fragment', 'https://example.com/#'],
  ['with half a surrogate pair', 'https://example.com/\ud800'],
])('a uri is refused when it is %s', (_what, uri) => {
  expect(() => parseResourceUri(uri)).toThrow(expect.objectContaining({ reason: 'RESOURCE_URI_INVALID' }));
});

test('a uri has as many characters as the limit and not one more', () => {
  const start = 'https://example.com/';
  const longest = start + 'a'.repeat(URI_CHARACTERS_MAX - start.length);
  expect(parseResourceUri(longest).href).toBe(longest);
  expect(() => parseResourceUri(`${longest}a`)).toThrow(expect.objectContaining({ reason: 'RESOURCE_URI_INVALID' }));
});

test('any text either parses or is refused with a reason', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.webUrl(),
        fc.string().map((tail) => `file://${tail}`),
      ),
      (text) => {
        try {
          parseResourceUri(text);
        } catch (error) {
          expect(isAppError(error)).toBe(true);
        }
      },
    ),
  );
});
