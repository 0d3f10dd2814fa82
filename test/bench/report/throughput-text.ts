import type { Spread } from '../figures/statistics.ts';
import { DEFAULTS } from '../options.ts';
import { toTable } from './table.ts';
import type { ContenderResult, ThroughputReport } from './throughput-report.ts';

/** The processes that have a column of their own; the others of a cluster have hardly anything to do. */
const COLUMNS = ['gateway', 'tool', 'auth'];

/** What is longer is in the JSON. */
const REASON_CHARACTERS_MAX = 200;

/** Writes a report for people. */
export function toThroughputText(report: ThroughputReport): string {
  const { machine, versions, rounds, seconds, connections, channels, sessions, gateways } = report;
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s, ${connections} requests in flight (sessions of h2load: as many as the gateway takes), ${channels} channels, ${sessions} sessions, ${gateways} ${gateways === 1 ? 'gateway' : 'gateways'} a cluster; medians, and [lowest to highest]`,
    `\n${resultsTable(report)}`,
    '\ncpu: µs of processor time a request, by process; rest: the load generator, Postgres, Redis, and whatever else ran',
    `\n${limitsTable(report)}`,
    ...(isShort(report) ? ['short run: too few to judge the limits'] : []),
    ...report.unavailable.map(({ name, reason }) => `unavailable: ${name}: ${reason.slice(0, REASON_CHARACTERS_MAX)}`),
  ];
  return parts.join('\n');
}

/** Its medians may be anywhere within the noise. */
function isShort({ rounds, seconds }: ThroughputReport): boolean {
  return rounds < DEFAULTS.rounds || seconds < DEFAULTS.seconds;
}

function resultsTable({ results, ratiosByReference, unavailable }: ThroughputReport): string {
  const toRawHttp = ratiosByReference['raw-http'] ?? {};
  const heading = ['', 'requests/s', '[range]', 'x raw-http', '[range]', 'p50 ms', 'p99 ms'];
  const cpuHeading = ['cpu server', ...COLUMNS, 'other', 'sum', 'rest', 'load by'];
  const rows = Object.entries(results).map(([name, result]) => [
    name,
    Math.round(result.rps.median).toString(),
    rangeOf(result.rps, 0),
    toRawHttp[name]?.median.toFixed(2) ?? '',
    rangeOf(toRawHttp[name], 2),
    result.p50Ms?.toFixed(1) ?? '',
    result.p99Ms?.toFixed(1) ?? '',
    ...cpuCells(result),
    result.generator,
  ]);
  return toTable([...heading, ...cpuHeading], [...rows, ...unavailable.map(({ name }) => [name, 'unavailable'])]);
}

function cpuCells({ cpuUs }: ContenderResult): string[] {
  const { rest = 0, ...processes } = cpuUs;
  const sum = Object.values(processes).reduce((total, us) => total + us, 0);
  const shown = ['server', ...COLUMNS].map((name) => processes[name]);
  const other = sum - shown.reduce<number>((total, us = 0) => total + us, 0);
  const isCluster = processes['gateway'] !== undefined;
  const cells = shown.map((us) => us?.toFixed(0) ?? '');
  return [...cells, isCluster ? Math.abs(other).toFixed(0) : '', sum.toFixed(0), rest.toFixed(0)];
}

function limitsTable({ limits }: ThroughputReport): string {
  const rows = limits.map(({ name, reference, atLeast, ratio, isReached }) => [
    `${name} / ${reference}`,
    atLeast.toFixed(2),
    ratio?.toFixed(2) ?? 'not measured',
    isReached ? 'reached' : ratio === undefined ? '' : 'MISSED',
  ]);
  return toTable(['ratio', 'at least', 'measured', ''], rows);
}

function rangeOf(spread: Spread | undefined, digits: number): string {
  return spread === undefined ? '' : `[${spread.min.toFixed(digits)} to ${spread.max.toFixed(digits)}]`;
}
