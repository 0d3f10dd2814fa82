const JSON_TYPE = 'application/json';
const EVENT_STREAM_TYPE = 'text/event-stream';

/** Tells whether an `accept` header takes both JSON and an event stream: an answer may be either. */
export function acceptsBoth(accept: string): boolean {
  // As every client of the protocol writes it. Weights are not looked at: a client that must take both has none to refuse with.
  if (accept.includes(JSON_TYPE) && accept.includes(EVENT_STREAM_TYPE)) return true;
  const ranges = accept.split(',').map(rangeOf);
  return accepts(ranges, JSON_TYPE) && accepts(ranges, EVENT_STREAM_TYPE);
}

function rangeOf(text: string): string {
  const [range = ''] = text.split(';', 1);
  return range.trim().toLowerCase();
}

/** RFC 9110 §12.5.1. */
function accepts(ranges: readonly string[], type: string): boolean {
  const [family] = type.split('/', 1);
  return ranges.some((range) => range === type || range === `${family}/*` || range === '*/*');
}
