/** Several measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Returns the median, and the ends of what was measured.
 *
 * @throws {Error} when nothing was measured.
 */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new Error('there is no median of nothing');
  return { median: medianOfSorted(sorted), min, max };
}

/** Returns the median of several measurements; 0 when there are none. */
export function medianOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : spreadOf(values).median;
}

/** Returns the median of measurements that may not be known; undefined when none is. */
export function medianOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : medianOf(known);
}

function medianOfSorted(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}

/** Returns the smallest of the sorted values that at least this share of them does not exceed; 0 when there are none. */
export function percentileOf(sorted: Float64Array, share: number): number {
  const rank = Math.max(1, Math.ceil(sorted.length * share));
  return sorted[rank - 1] ?? 0;
}
