import { type Spread, spreadOf } from './statistics.ts';

/** The percentiles of one run at a fixed rate. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** What a target adds to the baseline, each percentile by itself: the spread over the rounds. */
export type AddedLatency = Readonly<Record<keyof Percentiles, Spread>>;

/** Subtracts the baseline's percentiles from the target's, round by round. */
export function addedLatency(target: readonly Percentiles[], baseline: readonly Percentiles[]): AddedLatency {
  if (target.length !== baseline.length) throw new Error('added latency needs both of each round');
  const added = (key: keyof Percentiles) =>
    spreadOf(target.map((percentiles, round) => percentiles[key] - (baseline[round]?.[key] ?? Number.NaN)));
  return { p50Ms: added('p50Ms'), p99Ms: added('p99Ms'), p999Ms: added('p999Ms') };
}
