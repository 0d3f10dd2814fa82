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

/**
 * Parses a W3C `traceparent` header.
 *
 * Returns `undefined` for what the specification calls invalid: upper case, a wrong length, version `ff`, an identifier
 * of zeros only, or data after the flags in version `00`. A version of the future is read by its first four fields. The
 * caller then starts a new trace.
 */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = header === undefined ? null : TRACEPARENT.exec(header);
  if (match === null) return undefined;
  const [, version, traceId = ZERO_TRACE_ID, spanId = ZERO_SPAN_ID, flags = '00', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === ZERO_TRACE_ID || spanId === ZERO_SPAN_ID) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0 };
}

/** Formats a context as a version 00 `traceparent` header; of the flags only `sampled` is sent. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
