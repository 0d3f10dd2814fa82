import { setTimeout as sleep } from 'node:timers/promises';

import { planEcho } from '../http-contender.ts';
import type { OpenLoopResult } from '../load/open-loop-job.ts';
import { runOneOpenLoop } from '../load/open-loop.ts';
import type { BenchOptions } from '../options.ts';
import { toTable } from '../report/table.ts';
import { type GantryCluster, startGantryCluster } from '../world/gantry-cluster.ts';
import { rssBytesOf } from '../world/process-cpu.ts';
import type { World } from '../world/world.ts';
import { CONNECTIONS, REQUESTS_PER_SECOND } from './rate.ts';

const SECONDS_PER_MINUTE = 60;
const MS_PER_MINUTE = 60_000;
/** How much more a process may hold after the run than when it had warmed up. */
const GROWTH_MAX = 0.05;
/**
 * A process that has little to do takes this long to use its young generation from end to end once: auth, which gets five
 * batches a second, went from 158 to 169 MiB within six minutes, and stayed there.
 */
const WARM_UP_MINUTES = 8;

/** Resident memory of one process in the course of the run. */
export interface SoakedProcess {
  readonly name: string;
  readonly warmBytes: number;
  /** At the end of each minute of load: whether it levels off. */
  readonly loadedBytes: readonly number[];
  readonly cooledBytes: number;
  /** After cool-down, in comparison with after warm-up. */
  readonly growth: number;
}

/** What came of a long run. */
export interface SoakResult extends OpenLoopResult {
  readonly processes: readonly SoakedProcess[];
}

/**
 * Sends requests at a fixed rate for minutes. Memory is read after some minutes of the same load and a minute of rest, and
 * again after the run and a minute of rest, so that both readings are of the same state.
 */
export async function measureSoak({ soakMinutes }: BenchOptions, world: World): Promise<SoakResult> {
  await using cluster = await startGantryCluster({ audit: 'async', ...world });
  const headerSets = [{ authorization: `Bearer ${cluster.apiKey}` }];
  const plan = planEcho({ url: cluster.url, headerSets });
  const run = (minutes: number) =>
    runOneOpenLoop(
      { plan, requestsPerSecond: REQUESTS_PER_SECOND, connections: CONNECTIONS },
      minutes * SECONDS_PER_MINUTE,
    );
  world.report(`warming up for ${WARM_UP_MINUTES} minutes, then resting for one`);
  await run(WARM_UP_MINUTES);
  await sleep(MS_PER_MINUTE);
  const warm = rssOf(cluster);
  world.report(`running for ${soakMinutes} minutes`);
  const loaded: number[][] = [];
  const timer = setInterval(() => loaded.push(rssOf(cluster)), MS_PER_MINUTE);
  const result = await run(soakMinutes);
  clearInterval(timer);
  world.report('resting for a minute');
  await sleep(MS_PER_MINUTE);
  const cooled = rssOf(cluster);
  const processes = cluster.processes.map(({ name }, i) => {
    const [warmBytes, cooledBytes] = [warm[i] ?? 0, cooled[i] ?? 0];
    const loadedBytes = loaded.map((reading) => reading[i] ?? 0);
    return { name, warmBytes, loadedBytes, cooledBytes, growth: cooledBytes / warmBytes - 1 };
  });
  return { ...result, processes };
}

function rssOf({ processes }: GantryCluster): number[] {
  return processes.map(({ pid }) => rssBytesOf(pid));
}

/** Writes the result for people. */
export function toSoakText(result: SoakResult): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const rows = result.processes.map(({ name, warmBytes, loadedBytes, cooledBytes, growth }) => [
    name,
    mib(warmBytes),
    loadedBytes.map((bytes) => Math.round(bytes / 2 ** 20)).join(' '),
    mib(cooledBytes),
    `${(growth * 100).toFixed(1)} %`,
    growth <= GROWTH_MAX ? 'reached' : 'MISSED',
  ]);
  return [
    `${result.requests} answers in ${result.seconds} s at ${REQUESTS_PER_SECOND}/s, ${result.errors} errors`,
    `p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms, p99.9 ${result.p999Ms.toFixed(2)} ms, longest ${result.maxMs.toFixed(1)} ms`,
    '\nRSS in MiB\n',
    toTable(
      ['', 'warmed up', 'under load, minute by minute', 'cooled down', 'growth', `at most ${GROWTH_MAX * 100} %`],
      rows,
    ),
  ].join('\n');
}
