import type { IncomingHttpHeaders } from 'node:http2';

import { Metadata } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';

import { metadataBytes, metadataOf, timeoutMsOf } from './stream-metadata.ts';

const name = fc.oneof(
  fc.constantFrom('authorization', 'traceparent', 'x-bin', 'grpc-x-bin', 'te', 'user-agent', ':path'),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
);
const text = fc.oneof(
  fc.stringMatching(/^[ -~]{0,20}$/),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.constantFrom('é', 'YQ==,Yg==', 'YQ==, Yg==', ''),
);
// Node joins the values of everything else.
const cookies = fc.record({ 'set-cookie': fc.array(text, { minLength: 1 }) }, { requiredKeys: [] });
const headersOfAnyKind = fc.tuple(fc.dictionary(name, text), cookies).map(([some, more]) => ({ ...some, ...more }));

test('metadata is what grpc-js makes of it', () => {
  // It says so when it leaves out what is not ASCII.
  vi.spyOn(console, 'error').mockReturnValue();
  fc.assert(
    fc.property(headersOfAnyKind, (headers: IncomingHttpHeaders) => {
      const expected = Metadata.fromHttp2Headers(headers);
      for (const key of ['te', 'content-type', 'grpc-timeout', 'grpc-encoding', 'accept-encoding'])
        expected.remove(key);
      for (const key of Object.keys(headers)) {
        expect(metadataOf(headers, key)).toBe(expected.get(key)[0]?.toString());
        expect(metadataOf(headers, key.toUpperCase())).toBe(metadataOf(headers, key));
      }
    }),
  );
});

test('the length of metadata is that of its keys and values', () => {
  const headers = { ':path': '/x', te: 'trailers', 'grpc-timeout': '1S', 'user-agent': 'me', 'x-bin': 'YWJj' };
  expect(metadataBytes(headers)).toBe('user-agent'.length + 'me'.length + 'x-bin'.length + 'abc'.length);
});

test.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['3S', 3_000],
  ['99999999m', 99_999_999],
  ['1500u', 1],
  ['1n', 0],
  [undefined, Infinity],
  ['', undefined],
  ['1', undefined],
  ['m', undefined],
  ['-1S', undefined],
  ['1.5S', undefined],
  ['123456789S', undefined],
])('a timeout of %j is %j ms', (given, ms) => {
  expect(timeoutMsOf(given === undefined ? {} : { 'grpc-timeout': given })).toBe(ms);
});
