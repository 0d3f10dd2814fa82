import { judge } from '../figures/added-latency.ts';
import type { MedianInterval } from '../figures/median-interval.ts';
import { medianOf } from '../figures/statistics.ts';
import type { OpenLoopWindow } from '../load/open-loop-job.ts';
import { CONNECTIONS, type RateResult, REQUESTS_PER_SECOND, WINDOW_SECONDS } from '../modes/rate.ts';
import { toTable } from './table.ts';

/** What a request through the cluster may take longer than one to a bare server, at the 99th percentile. */
const ADDED_P99_MS_MAX: Readonly<Record<string, number>> = { 'gantry-http-native': 3, 'gantry-http-native-strict': 8 };

/** Writes latencies at a fixed rate, for people. */
export function toRateText(results: readonly RateResult[]): string {
  const hasPriority = results.every(({ rounds }) => rounds.every((round) => round.hasPriority));
  return [
    `${REQUESTS_PER_SECOND} requests/s over ${CONNECTIONS} connections, in windows of ${WINDOW_SECONDS} s by turns; ms from when a request was due`,
    `late: how late requests left at the 99th percentile; the generator ${hasPriority ? 'goes before' : 'waits like'} everything else\n`,
    toTable(['medians of the windows', 'errors', 'windows', 'p50', 'p99', 'late'], results.map(toRow)),
    '\nadded to raw-http: medians of the differences, window by window, and where they lie with 95 % confidence\n',
    toTable(['', 'pairs', 'added p50', '', 'added p99', '', 'p99 at most', ''], results.flatMap(toAddedRows)),
  ].join('\n');
}

function toRow({ name, rounds }: RateResult): string[] {
  const windows = rounds.flatMap((round) => round.windows);
  const median = (key: keyof OpenLoopWindow) => medianOf(windows.map((window) => window[key])).toFixed(2);
  const errors = rounds.reduce((sum, round) => sum + round.errors, 0);
  return [name, String(errors), String(windows.length), median('p50Ms'), median('p99Ms'), median('lateP99Ms')];
}

function toAddedRows({ name, added }: RateResult): string[][] {
  if (added === undefined) return [];
  const { pairs, p50Ms, p99Ms } = added;
  const limit = ADDED_P99_MS_MAX[name] ?? Infinity;
  return [[name, String(pairs), ...cellsOf(p50Ms), ...cellsOf(p99Ms), `${limit} ms`, judge(p99Ms, limit)]];
}

function cellsOf({ median, interval }: MedianInterval): string[] {
  const range = interval === undefined ? '' : `[${interval.low.toFixed(2)} to ${interval.high.toFixed(2)}]`;
  return [median.toFixed(2), range];
}
