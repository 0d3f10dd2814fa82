import { percentileOf } from '../figures/statistics.ts';
import { PREFIX_BYTES } from './grpc-plan.ts';
import type { LoadResult } from './load.ts';

const US_PER_MS = 1_000;

/** What h2load printed, and what it logged of each request. */
export interface H2loadOutput {
  readonly printed: string;
  /** A line a request: when it began, its status, how long it took; in microseconds. */
  readonly log: string;
}

/** What h2load counts. */
export interface H2loadTotals {
  /** Requests that were begun. */
  readonly started: number;
  readonly succeeded: number;
  readonly errors: number;
  /** Of bodies, without frames and headers. */
  readonly dataBytes: number;
}

/** What the answers are compared with. */
export interface ExpectedMessages {
  readonly inFlight: number;
  /** The encoded size of a correct answer. */
  readonly answerBytes: number;
  readonly seconds: number;
}

/**
 * Reads what h2load says. It does not look at `grpc-status`; but an RPC that failed has no message, and one with another
 * answer has one of another size, so the bytes of data show it.
 *
 * @throws {Error} when it printed no totals, or answers had another size.
 */
export function parseH2loadOutput({ printed, log }: H2loadOutput, expected: ExpectedMessages): LoadResult {
  const { succeeded, errors, dataBytes } = parseH2loadTotals(printed);
  const answerBytes = expected.answerBytes + PREFIX_BYTES;
  const surplus = dataBytes - succeeded * answerBytes;
  // What is in flight at the end counts as neither, but its data may have come.
  if (surplus < 0 || surplus > expected.inFlight * answerBytes) {
    throw new Error(`${succeeded} answers of ${answerBytes} bytes came as ${dataBytes} bytes: some of them were wrong`);
  }
  const sortedUs = durationsUs(log);
  return {
    requests: succeeded,
    seconds: expected.seconds,
    errors,
    p50Ms: percentileOf(sortedUs, 0.5) / US_PER_MS,
    p99Ms: percentileOf(sortedUs, 0.99) / US_PER_MS,
  };
}

/**
 * Reads the totals.
 *
 * @throws {Error} when there are none.
 */
export function parseH2loadTotals(printed: string): H2loadTotals {
  return {
    started: numberIn(printed, /(\d+) started/),
    succeeded: numberIn(printed, /(\d+) succeeded/),
    errors: numberIn(printed, /(\d+) failed/) + numberIn(printed, /(\d+) timeout/),
    dataBytes: numberIn(printed, /\((\d+)\) data/),
  };
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`h2load did not say ${String(pattern)}: ${text.slice(0, 1_000)}`);
  return Number(found);
}

function durationsUs(log: string): Float64Array {
  const lines = log.split('\n').filter((line) => line !== '');
  return Float64Array.from(lines, (line) => Number(line.split('\t')[2])).toSorted();
}
