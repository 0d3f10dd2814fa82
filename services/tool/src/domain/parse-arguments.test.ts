import { isAppError } from '@gantry/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { jsonBytes } from '../../test/sample-tool.ts';
import { ARGUMENTS_BYTES_MAX, ARGUMENTS_DEPTH_MAX, parseArguments } from './parse-arguments.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function violation(description: string) {
  const fieldViolations = [{ field: 'arguments', description }];
  return expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'TOOL_ARGUMENTS_INVALID', fieldViolations });
}

test('no bytes are no arguments', () => {
  expect(parseArguments(new Uint8Array(0))).toEqual({});
});

test.each([{}, { a: 1 }, { text: 'ü 😀 \u0000', list: [[], {}, null] }])('%j is read as it was written', (value) => {
  expect(parseArguments(jsonBytes(value))).toEqual(value);
});

test.each(['[]', '[{"a":1}]', 'null', '1', '"a"', 'true'])('%s is not an object', (text) => {
  expect(() => parseArguments(bytesOf(text))).toThrow(violation('must be a JSON object'));
});

test.each(['{', '}', ']', '{"a":}', '{} {}', ' ', "{'a':1}", '{"a":1,}', '{"a":NaN}', '"'])(
  '%s is not JSON',
  (text) => {
    expect(() => parseArguments(bytesOf(text))).toThrow(violation('must be valid JSON in UTF-8'));
  },
);

test('bytes that are not UTF-8 are refused, not replaced', () => {
  const bytes = Uint8Array.from([...bytesOf('{"a":"'), 0xff, ...bytesOf('"}')]);
  expect(() => parseArguments(bytes)).toThrow(violation('must be valid JSON in UTF-8'));
});

test.each([
  ['arrays', '[', ']'],
  ['objects', '{"a":', '}'],
])('%s may nest 64 levels, and not 65', (_kind, open, close) => {
  const nested = (depth: number) => bytesOf(`{"a":${open.repeat(depth - 1)}1${close.repeat(depth - 1)}}`);
  expect(parseArguments(nested(ARGUMENTS_DEPTH_MAX))).toHaveProperty('a');
  const problem = 'must not nest deeper than 64 levels';
  expect(() => parseArguments(nested(ARGUMENTS_DEPTH_MAX + 1))).toThrow(violation(problem));
  expect(() => parseArguments(nested(100_000))).toThrow(violation(problem));
});

test('opening brackets that are never closed are too deep, too', () => {
  expect(() => parseArguments(bytesOf('['.repeat(100_000)))).toThrow(violation('must not nest deeper than 64 levels'));
});

test.each(['[{'.repeat(1_000), `\\"${'['.repeat(1_000)}`, `\\\\"`, `"${'{'.repeat(100)}`, ']]]]'])(
  'brackets in a string do not count: %.10j',
  (text) => {
    expect(parseArguments(jsonBytes({ text, [text]: 1 }))).toEqual({ text, [text]: 1 });
  },
);

test('arguments may have 1 MiB, and not a byte more', () => {
  const padded = (bytes: number) => bytesOf(`{"a":"${'x'.repeat(bytes - 8)}"}`);
  expect(padded(ARGUMENTS_BYTES_MAX)).toHaveLength(ARGUMENTS_BYTES_MAX);
  expect(parseArguments(padded(ARGUMENTS_BYTES_MAX))).toHaveProperty('a');
  expect(() => parseArguments(padded(ARGUMENTS_BYTES_MAX + 1))).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'TOOL_ARGUMENTS_TOO_LARGE' }),
  );
});

test('a key named __proto__ is a key like any other', () => {
  const parsed = parseArguments(bytesOf('{"__proto__":{"isAdmin":true}}'));
  expect(Object.keys(parsed)).toEqual(['__proto__']);
  expect('isAdmin' in parsed).toBe(false);
});

test('whatever the bytes, the answer is an object or an AppError', () => {
  const jsonLike = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', '1', ' ') });
  const bytes = fc.oneof(fc.uint8Array(), jsonLike.map(bytesOf), fc.json().map(bytesOf));
  fc.assert(
    fc.property(bytes, (input) => {
      try {
        expect(parseArguments(input)).toBeTypeOf('object');
      } catch (error) {
        expect(isAppError(error)).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('what JSON.parse reads as a shallow object comes out the same', () => {
  const shallow = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
  fc.assert(
    fc.property(shallow, (value) => {
      expect(JSON.stringify(parseArguments(jsonBytes(value)))).toBe(JSON.stringify(value));
    }),
  );
});
