import { type MedianInterval, medianIntervalOf } from './median-interval.ts';

/** One window at a fixed rate. */
export interface LatencyWindow {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a target adds to the baseline: of each percentile the median of the differences. */
export interface AddedLatency {
  /** How many pairs of windows there were. */
  readonly pairs: number;
  readonly p50Ms: MedianInterval;
  readonly p99Ms: MedianInterval;
}

/** Subtracts the percentiles of the baseline's windows from those of the target's of the same cycle. */
export function addedLatency(target: readonly LatencyWindow[], baseline: readonly LatencyWindow[]): AddedLatency {
  if (target.length !== baseline.length) throw new Error('added latency needs both windows of each cycle');
  const added = (key: keyof LatencyWindow) =>
    medianIntervalOf(target.map((window, cycle) => window[key] - (baseline[cycle]?.[key] ?? Number.NaN)));
  return { pairs: target.length, p50Ms: added('p50Ms'), p99Ms: added('p99Ms') };
}

/** Whether a limit is kept, as far as that can be told. */
export type Verdict = 'reached' | 'MISSED' | 'not to be told';

/** Compares what is known of a median with the most that it may be. */
export function judge({ interval }: MedianInterval, atMost: number): Verdict {
  if (interval === undefined) return 'not to be told';
  if (interval.high <= atMost) return 'reached';
  return interval.low > atMost ? 'MISSED' : 'not to be told';
}
