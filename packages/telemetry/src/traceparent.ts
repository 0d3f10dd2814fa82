/** Identifies one span of one trace, as the `traceparent` header does. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string;
  /** Whether the caller may have recorded this trace. */
  readonly sampled: boolean;
}

// W3C Trace Context › traceparent Header Field Values: version, trace-id, parent-id, trace-flags; anything after a dash is for the future.
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const SAMPLED_FLAG = 0x01;
const ZERO_TRACE_ID = '0'.repeat(32);
const ZERO_SPAN_ID = '0'.repeat(16);

/** Where the fields of a version 00 header begin; each but the last ends one before the next. */
const TRACE_ID_AT = 3;
const SPAN_ID_AT = 36;
const FLAGS_AT = 53;
/** A version 00 header has this length and no other. */
const CURRENT_LENGTH = 55;

const DASH = '-'.charCodeAt(0);
const ASCII_CODES = 128;
const ASCII_MASK = ASCII_CODES - 1;
/** More than any digit: what is no digit sets this bit, or one above it. */
const NO_DIGIT = 0x10;
/** The values of lower-case hexadecimal digits by their ASCII code, and NO_DIGIT for all other characters. */
const DIGIT_BY_CODE = new Uint8Array(ASCII_CODES).fill(NO_DIGIT);
for (let value = 0; value < 16; value += 1) DIGIT_BY_CODE[value.toString(16).charCodeAt(0)] = value;

/**
 * Parses a W3C `traceparent` header.
 *
 * Returns `undefined` for what the specification calls invalid: upper case, a wrong length, version `ff`, an identifier
 * of zeros only, or data after the flags in version `00`. A version of the future is read by its first four fields. The
 * caller then starts a new trace.
 */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  if (header === undefined) return undefined;
  if (header.length === CURRENT_LENGTH && header.startsWith('00-')) return parseCurrent(header);
  const match = TRACEPARENT.exec(header);
  if (match === null) return undefined;
  const [, version, traceId = ZERO_TRACE_ID, spanId = ZERO_SPAN_ID, flags = '00', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === ZERO_TRACE_ID || spanId === ZERO_SPAN_ID) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0 };
}

/** What all callers of today send, once a call: read in a third of the time that the regular expression takes. */
function parseCurrent(header: string): TraceContext | undefined {
  if (header.charCodeAt(SPAN_ID_AT - 1) !== DASH || header.charCodeAt(FLAGS_AT - 1) !== DASH) return undefined;
  const traceBits = digitBits(header, TRACE_ID_AT, SPAN_ID_AT - 1);
  const spanBits = digitBits(header, SPAN_ID_AT, FLAGS_AT - 1);
  if (traceBits === 0 || spanBits === 0) return undefined;
  if ((traceBits | spanBits | digitBits(header, FLAGS_AT, CURRENT_LENGTH)) >= NO_DIGIT) return undefined;
  return {
    traceId: header.slice(TRACE_ID_AT, SPAN_ID_AT - 1),
    spanId: header.slice(SPAN_ID_AT, FLAGS_AT - 1),
    sampled: (digitBits(header, CURRENT_LENGTH - 1, CURRENT_LENGTH) & SAMPLED_FLAG) !== 0,
  };
}

/**
 * Joins the bits of digits: 0 when all are zero, NO_DIGIT or more when one is none. There is no branch in the loop, as
 * none could be predicted: identifiers are random.
 */
function digitBits(header: string, from: number, to: number): number {
  let bits = 0;
  for (let index = from; index < to; index += 1) {
    const code = header.charCodeAt(index);
    bits |= (DIGIT_BY_CODE[code & ASCII_MASK] ?? NO_DIGIT) | (code & ~ASCII_MASK);
  }
  return bits;
}

/** Formats a context as a version 00 `traceparent` header; of the flags only `sampled` is sent. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
