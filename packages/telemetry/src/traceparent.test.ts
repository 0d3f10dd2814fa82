import { describe, expect, test } from 'vitest';

import { formatTraceparent, parseTraceparent } from './traceparent.ts';

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
