import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decodeHeaderValue } from './header-value.ts';

const encode = (text: string) => `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;

describe('a header value', () => {
  test.each(['echo', '', 'a b', '=?', '=?=', '=?base64?=', 'x=?base64?YQ==?=', '=?BASE64?YQ==?=', '=?base64?YQ=='])(
    'that is %j stands for itself',
    (value) => {
      expect(decodeHeaderValue(value)).toBe(value);
    },
  );

  test.each([
    ['=?base64?ZWNobw==?=', 'echo'],
    ['=?base64?IHg=?=', ' x'],
    ['=?base64?w6k=?=', 'é'],
    ['=?base64??=', ''],
  ])('that is %j stands for %j', (value, text) => {
    expect(decodeHeaderValue(value)).toBe(text);
  });

  test.each([
    ['no base64', '=?base64?!!!!?='],
    ['without padding', '=?base64?ZWNobw?='],
    ['with padding inside', '=?base64?ZW==bw==?='],
    ['of the URL alphabet', '=?base64?-_-_?='],
    ['with white space', '=?base64?ZWNo bw==?='],
    ['with bits to spare', '=?base64?ZWNobx==?='],
    ['not UTF-8', '=?base64?/////w==?='],
    ['unencoded beyond ASCII', 'é'],
    ['unencoded with a tab', 'a\tb'],
  ])('that is %s stands for nothing', (_name, value) => {
    expect(decodeHeaderValue(value)).toBeUndefined();
  });

  test('that was encoded comes out as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeHeaderValue(encode(text))).toBe(Buffer.from(text, 'utf8').toString('utf8'));
      }),
    );
  });

  test('has one encoding: whatever else decodes is not taken', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w+/=-]{0,12}$/), (base64) => {
        const text = decodeHeaderValue(`=?base64?${base64}?=`);
        if (text !== undefined) expect(encode(text)).toBe(`=?base64?${base64}?=`);
      }),
    );
  });
});
