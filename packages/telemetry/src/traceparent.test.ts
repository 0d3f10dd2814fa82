import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';

describe('parseTraceparent', () => {
  test('reads the example of the specification', () => {
    expect(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-01`)).toEqual({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      sampled: true,
    });
  });

  test.each([
    ['00', false],
    ['01', true],
    ['02', false],
    ['03', true],
    ['ff', true],
    ['fe', false],
  ])('takes the sampled bit, and only that, from the flags %s', (flags, sampled) => {
    expect(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-${flags}`)?.sampled).toBe(sampled);
  });

  test.each([
    ['of the same length', `cc-${TRACE_ID}-${SPAN_ID}-01`],
    ['with more fields', `cc-${TRACE_ID}-${SPAN_ID}-01-what-the-future-holds`],
    ['with an empty field', `01-${TRACE_ID}-${SPAN_ID}-01-`],
  ])('reads a future version %s by its first four fields', (_case, header) => {
    expect(parseTraceparent(header)).toEqual({ traceId: TRACE_ID, spanId: SPAN_ID, sampled: true });
  });

  test.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['version ff', `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ['version ff with more fields', `ff-${TRACE_ID}-${SPAN_ID}-01-x`],
    ['data after version 00', `00-${TRACE_ID}-${SPAN_ID}-01-x`],
    ['a dash after version 00', `00-${TRACE_ID}-${SPAN_ID}-01-`],
    ['a future version with data but no dash', `cc-${TRACE_ID}-${SPAN_ID}-01x`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN_ID}-01`],
    ['a span id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    ['upper case in the trace id', `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`],
    ['upper case in the span id', `00-${TRACE_ID}-00F067AA0BA902B7-01`],
    ['an upper-case version', `CC-${TRACE_ID}-${SPAN_ID}-01`],
    ['upper-case flags', `00-${TRACE_ID}-${SPAN_ID}-0A`],
    ['a short trace id', `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    ['a long span id', `00-${TRACE_ID}-${SPAN_ID}0-01`],
    ['one flag digit', `00-${TRACE_ID}-${SPAN_ID}-1`],
    ['no flags', `00-${TRACE_ID}-${SPAN_ID}`],
    ['a letter that is no digit', `00-${TRACE_ID.replace('4', 'g')}-${SPAN_ID}-01`],
    ['underscores for dashes', `00_${TRACE_ID}_${SPAN_ID}_01`],
    ['space before it', ` 00-${TRACE_ID}-${SPAN_ID}-01`],
    ['a line feed after it', `00-${TRACE_ID}-${SPAN_ID}-01\n`],
    ['two headers joined', `00-${TRACE_ID}-${SPAN_ID}-01,00-${TRACE_ID}-${SPAN_ID}-01`],
  ])('refuses %s', (_case, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });
});

test.each([true, false])('a formatted context is parsed back to itself when sampled is %s', (sampled) => {
  const context = { traceId: TRACE_ID, spanId: SPAN_ID, sampled };
  expect(formatTraceparent(context)).toBe(`00-${TRACE_ID}-${SPAN_ID}-0${sampled ? 1 : 0}`);
  expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
});

describe('parseTraceparent reads exactly what the grammar of the specification allows', () => {
  const fieldOf = (length: number) =>
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.string({
          unit: fc.constantFrom(...'0123456789abcdef'.split('')),
          minLength: length,
          maxLength: length,
        }),
      },
      fc.constant('0'.repeat(length)),
      fc.string({ unit: fc.constantFrom(...'0fgA-\u0130'.split('')), minLength: length - 1, maxLength: length + 1 }),
    );
  const header = fc
    .tuple(
      fc.oneof({ weight: 4, arbitrary: fc.constant('00') }, fieldOf(2)),
      fieldOf(32),
      fieldOf(16),
      fieldOf(2),
      fc.constantFrom('', '', '', '-', '-x', '\n'),
    )
    .map(([version, traceId, spanId, flags, rest]) => `${version}-${traceId}-${spanId}-${flags}${rest}`);

  test('field by field', () => {
    fc.assert(
      fc.property(header, (text) => {
        expect(parseTraceparent(text)).toEqual(parseByGrammar(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('and with any one character replaced', () => {
    const valid = `00-${TRACE_ID}-${SPAN_ID}-01`;
    const replacement = fc.oneof(
      fc.constantFrom(...'/09:@AFG`afg-\u0130'.split('')),
      fc.nat(0xffff).map((code) => String.fromCharCode(code)),
    );
    fc.assert(
      fc.property(fc.nat(valid.length - 1), replacement, (index, character) => {
        const text = valid.slice(0, index) + character + valid.slice(index + 1);
        expect(parseTraceparent(text)).toEqual(parseByGrammar(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The specification's rules, as a regular expression and nothing else. */
function parseByGrammar(header: string): TraceContext | undefined {
  const match = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s.exec(
    header,
  );
  const [, version, traceId, spanId, flags, rest] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === '00' && rest !== undefined) return undefined;
  return { traceId, spanId, sampled: Number.parseInt(flags, 16) % 2 === 1 };
}
