import type { IncomingHttpHeaders } from 'node:http2';

import { Metadata } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';

import { METADATA_BYTES_MAX } from '../metadata-keys.ts';
import { isMetadataTooLong, metadataOf, timeoutMsOf } from './stream-metadata.ts';

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

test.each([
  ['a value', { 'x-padding': 'x'.repeat(METADATA_BYTES_MAX - 'x-padding'.length) }],
  ['a binary value', { 'x-bin': Buffer.alloc(METADATA_BYTES_MAX - 'x-bin'.length).toString('base64') }],
  ['many keys', Object.fromEntries(Array.from({ length: METADATA_BYTES_MAX / 8 }, (_, n) => [`k${10_000 + n}`, '12']))],
])('%s may be as long as metadata may be, whatever else HTTP/2 has to say, and not longer', (_what, headers) => {
  const protocol = { ':path': `/${'p'.repeat(100)}`, te: 'trailers', 'grpc-timeout': '1S' };
  const fitting: IncomingHttpHeaders = { ...protocol, ...headers };
  expect(isMetadataTooLong(fitting, Object.entries(fitting).flat().map(String))).toBe(false);
  const longer: IncomingHttpHeaders = { ...fitting, y: '' };
  expect(isMetadataTooLong(longer, Object.entries(longer).flat().map(String))).toBe(true);
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
