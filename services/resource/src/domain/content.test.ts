import { expect, test } from 'vitest';

import { presentContent, versionOf } from './content.ts';

const utf8 = new TextEncoder().encode('é');
const latin1 = new Uint8Array([0xe9]);

test.each([
  'text/plain',
  'text/html; charset=utf-8',
  'TEXT/HTML; Charset="UTF-8"',
  'application/json',
  'application/problem+json',
  'image/svg+xml',
  'application/yaml',
])('%s is text when its bytes are', (mimeType) => {
  expect(presentContent({ mimeType, bytes: utf8 })).toEqual({ kind: 'text', text: 'é' });
  expect(presentContent({ mimeType, bytes: latin1 })).toMatchObject({ kind: 'blob' });
});

test.each(['image/png', 'application/octet-stream', 'text/plain; charset=iso-8859-1', ''])(
  '%s is bytes',
  (mimeType) => {
    expect(presentContent({ mimeType, bytes: utf8 })).toEqual({ kind: 'blob', bytes: utf8 });
  },
);

test('a byte order mark is not part of the text', () => {
  expect(presentContent({ mimeType: 'text/plain', bytes: new Uint8Array([0xef, 0xbb, 0xbf, 0x61]) })).toEqual({
    kind: 'text',
    text: 'a',
  });
});

test('a version is SHA-256 in hex', async () => {
  expect(await versionOf(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
