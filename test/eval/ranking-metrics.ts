/**
 * Returns the normalised discounted cumulative gain of the first `depth` results with binary relevance: 1 when all
 * relevant documents that fit come first, 0 when none of them does.
 */
export function ndcg(ranking: readonly string[], relevant: ReadonlySet<string>, depth: number): number {
  if (relevant.size === 0) return 0;
  const gained = ranking.slice(0, depth).reduce((sum, id, index) => sum + (relevant.has(id) ? gainAt(index) : 0), 0);
  let ideal = 0;
  for (let index = 0; index < Math.min(depth, relevant.size); index += 1) ideal += gainAt(index);
  return gained / ideal;
}

/** Returns which share of the relevant documents is among the first `depth` results. */
export function recall(ranking: readonly string[], relevant: ReadonlySet<string>, depth: number): number {
  if (relevant.size === 0) return 0;
  return ranking.slice(0, depth).filter((id) => relevant.has(id)).length / relevant.size;
}

/** Returns the mean; 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Returns the value that the given share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

function gainAt(index: number): number {
  return 1 / Math.log2(index + 2);
}
