import { medianOf } from './statistics.ts';

/** A median, and how far it is known. */
export interface MedianInterval {
  readonly median: number;
  /** The true median lies between them, with 95 % confidence; undefined when there are too few values to say. */
  readonly interval: { readonly low: number; readonly high: number } | undefined;
}

const CONFIDENCE = 0.95;

/**
 * Returns the median of values, and the interval that its order gives: so many of the values lie below the true median as
 * heads come up in as many tosses of a coin. It needs no assumption about how the values are spread, and outliers do not move it;
 * but it takes values to be independent of each other.
 */
export function medianIntervalOf(values: readonly number[]): MedianInterval {
  const sorted = values.toSorted((a, b) => a - b);
  const outside = outsideCount(sorted.length);
  const [low, high] = [sorted[outside - 1], sorted[sorted.length - outside]];
  const isKnown = outside > 0 && low !== undefined && high !== undefined;
  return { median: medianOf(sorted), interval: isKnown ? { low, high } : undefined };
}

/** The most values that may lie at or beyond each end of the interval; 0 when even the whole range is too narrow. */
function outsideCount(count: number): number {
  // The chance of exactly `heads` heads, and of at most so many.
  let exactly = 0.5 ** count;
  let atMost = 0;
  for (let heads = 0; heads <= count; heads += 1) {
    atMost += exactly;
    if (2 * atMost > 1 - CONFIDENCE) return heads;
    exactly *= (count - heads) / (heads + 1);
  }
  return 0;
}
