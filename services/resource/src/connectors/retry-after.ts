const MS_PER_SECOND = 1_000;
/** A source that wants longer is down, as far as a reader is concerned. */
const RETRY_AFTER_MAX_MS = 3_600_000;

/** Reads a `retry-after` header, seconds or a date; undefined when there is none or it makes no sense. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const isSeconds = /^\d{1,9}$/.test(header);
  // Only the date of RFC 9110: the engine's parser takes half of all other text for a date, too.
  if (!isSeconds && !header.endsWith(' GMT')) return undefined;
  const waitMs = isSeconds ? Number(header) * MS_PER_SECOND : Date.parse(header) - nowMs;
  return Number.isFinite(waitMs) && waitMs > 0 ? Math.min(waitMs, RETRY_AFTER_MAX_MS) : undefined;
}
