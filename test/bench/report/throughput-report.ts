import type { Unavailable } from '../contender.ts';
import { compareLimits, type LimitOutcome } from '../figures/limits.ts';
import { ratiosTo } from '../figures/ratios.ts';
import { medianOf, medianOfKnown, type Spread, spreadOf } from '../figures/statistics.ts';
import type { Measured, RoundsOutcome } from '../rounds.ts';
import type { Machine } from './machine.ts';

/** What others are compared with. */
const REFERENCES = ['raw-http', 'raw-grpc', 'raw-grpc-js', 'raw-grpc-session', 'sdk-v1-session', 'sdk-v2-modern'];

/** One line of the results. */
export interface ContenderResult {
  readonly rps: Spread;
  /** Undefined where the generator cannot know. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly generator: string;
  /** Processor time a request, by process. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

/** What `--json` writes. */
export interface ThroughputReport {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** HTTP/2 connections of unary calls. */
  readonly channels: number;
  readonly sessions: number;
  /** Of each cluster. */
  readonly gateways: number;
  readonly results: Readonly<Record<string, ContenderResult>>;
  /** Times raw-http, the median of the ratios of all rounds. */
  readonly ratios: Readonly<Record<string, number>>;
  /** By reference and name, with their spread. */
  readonly ratiosByReference: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
  readonly limits: readonly LimitOutcome[];
  readonly unavailable: readonly Unavailable[];
}

/** What the report says besides the measurements. */
export type ReportContext = Pick<
  ThroughputReport,
  'machine' | 'versions' | 'rounds' | 'seconds' | 'connections' | 'channels' | 'sessions' | 'gateways'
>;

/** Puts the measurements of all rounds together. */
export function createThroughputReport({ measured, failed }: RoundsOutcome, context: ReportContext): ThroughputReport {
  const rates = measured.map(({ name, measurements }) => ({ name, rps: measurements.map(({ rps }) => rps) }));
  const references = rates.filter(({ name }) => REFERENCES.includes(name));
  const ratiosByReference = Object.fromEntries(references.map((one) => [one.name, ratiosTo(one, rates)] as const));
  const toRawHttp = Object.entries(ratiosByReference['raw-http'] ?? {});
  return {
    ...context,
    results: Object.fromEntries(measured.map((one) => [one.name, toResult(one)] as const)),
    ratios: Object.fromEntries(toRawHttp.map(([name, { median }]) => [name, median] as const)),
    ratiosByReference,
    limits: compareLimits(ratiosByReference),
    unavailable: failed,
  };
}

function toResult({ generator, measurements }: Measured): ContenderResult {
  const medianOfAll = (pick: (one: Measured['measurements'][number]) => number) => medianOf(measurements.map(pick));
  const names = new Set(measurements.flatMap(({ cpuUs }) => Object.keys(cpuUs)));
  return {
    rps: spreadOf(measurements.map(({ rps }) => rps)),
    p50Ms: medianOfKnown(measurements.map(({ p50Ms }) => p50Ms)),
    p99Ms: medianOfKnown(measurements.map(({ p99Ms }) => p99Ms)),
    generator,
    cpuUs: Object.fromEntries([...names].map((name) => [name, medianOfAll(({ cpuUs }) => cpuUs[name] ?? 0)] as const)),
  };
}
