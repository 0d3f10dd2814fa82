import { setTimeout as sleep } from 'node:timers/promises';

import type { Contender } from '../contender.ts';
import { medianOf, type Spread, spreadOf } from '../figures/statistics.ts';
import { createHttpContender, planEcho } from '../http-contender.ts';
import { type LaneCounts, readLaneCounts } from '../load/lane-packing.ts';
import { createOpenLoopLoad } from '../load/open-loop.ts';
import type { Measurement } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { runRounds } from '../rounds.ts';
import { WARM_REQUESTS, warmUp } from '../warm-up.ts';
import { adminUrlsOf, type GantryCluster, startGantryCluster } from '../world/gantry-cluster.ts';
import { cpuMsOf } from '../world/process-cpu.ts';
import type { World } from '../world/world.ts';

/** As much as the cluster carries, with so many requests in flight for each gateway; or so many a second for each. */
export type LoadKind = 'saturated' | 'fixed rate';

/** How many gateways and tool services there are. */
export interface Shape {
  readonly gateway: number;
  readonly tool: number;
}

/** The first is what the others are compared with. */
const SHAPES: readonly Shape[] = [
  { gateway: 1, tool: 1 },
  { gateway: 1, tool: 2 },
  { gateway: 2, tool: 1 },
  { gateway: 2, tool: 2 },
  { gateway: 4, tool: 4 },
];

/** For each gateway: a load that two cores carry for four of them, so that no process waits for another one's turn. */
const REQUESTS_PER_SECOND = 300;
const CONNECTIONS = 16;

/** What a process does when it starts is over by then. */
const SETTLE_MS = 10_000;
const IDLE_MS = 30_000;
const MS_PER_SECOND = 1_000;

/** What a request costs with so many replicas. */
export interface LoadedReplicas extends Shape {
  readonly load: LoadKind;
  readonly rps: Spread;
  /** Processor time a request, by service, and of all processes of the cluster. */
  readonly gatewayUs: number;
  readonly toolUs: number;
  readonly sumUs: number;
  /** In comparison with one of each under the same kind of load, in the same round. */
  readonly cost: Spread;
  /** Parts of a frame that a tool service sends, two a call: a frame costs both sides about the same, however much is in it. */
  readonly packed: number;
}

/** What replicas cost that have nothing to do: processor time a second, of one process of each service. */
export interface IdleReplicas extends Shape {
  readonly msPerSecond: Readonly<Record<string, number>>;
}

/** What came of both. */
export interface ReplicasResult {
  readonly loaded: readonly LoadedReplicas[];
  readonly idle: readonly IdleReplicas[];
}

interface Running extends Shape {
  readonly cluster: GantryCluster;
}

/** Measures what replicas cost, idle and under load: each gateway gets as much load as a single one. */
export async function measureReplicas(options: BenchOptions, world: World): Promise<ReplicasResult> {
  await using stack = new AsyncDisposableStack();
  const running: Running[] = [];
  for (const replicas of SHAPES) {
    const cluster = stack.use(await startGantryCluster({ audit: 'async', ...world, replicas }));
    running.push({ ...replicas, cluster });
  }
  const idle = await measureIdle(running, world);
  const probes: Probe[] = [];
  for (const one of running) probes.push(...(await openProbes(one, { ...options, folder: world.folder })));
  for (const { load, contender, gateway } of probes) {
    // Each replica compiles by itself, and one of four sees a quarter of the requests.
    const requests = gateway * WARM_REQUESTS;
    if (load === 'saturated') await warmUp(contender, { ...options, report: world.report, requests });
  }
  const contenders = probes.map(({ contender }) => contender);
  const { measured, failed } = await runRounds(contenders, { ...options, warmRequests: 0, report: world.report });
  for (const { name, reason } of failed) throw new Error(`${name}: ${reason}`);
  const measurementsOf = (index: number) => measured[index]?.measurements ?? [];
  const baselines = { saturated: measurementsOf(0).map(sumUsOf), 'fixed rate': measurementsOf(1).map(sumUsOf) };
  const loaded = probes.map((probe, index) => toLoaded(probe, measurementsOf(index), baselines[probe.load]));
  return { loaded, idle };
}

interface Probe extends Running {
  readonly load: LoadKind;
  readonly contender: Contender;
  /** One a run, the warm-up included. */
  readonly packings: readonly number[];
}

async function openProbes(one: Running, options: BenchOptions & { readonly folder: string }): Promise<Probe[]> {
  const { cluster, gateway, tool } = one;
  const plan = planEcho({ url: cluster.url, headerSets: [{ authorization: `Bearer ${cluster.apiKey}` }] });
  const is = { name: `gateway-${gateway}-tool-${tool}`, processes: cluster.processes };
  const saturated = await createHttpContender(is, plan, { ...options, connections: gateway * options.connections });
  const requestsPerSecond = gateway * REQUESTS_PER_SECOND;
  const fixed = createOpenLoopLoad({ plan, requestsPerSecond, connections: gateway * CONNECTIONS });
  return [
    toProbe(one, 'saturated', saturated),
    toProbe(one, 'fixed rate', { ...saturated, name: `${is.name}-fixed-rate`, load: fixed }),
  ];
}

function toProbe(one: Running, load: LoadKind, contender: Contender): Probe {
  const adminUrls = adminUrlsOf(one.cluster, 'tool');
  const packings: number[] = [];
  const run = async (seconds: number) => {
    const before = await readLaneCounts(adminUrls);
    const result = await contender.load.run(seconds);
    packings.push(packingOf(before, await readLaneCounts(adminUrls)));
    return result;
  };
  return { ...one, load, contender: { ...contender, load: { ...contender.load, run } }, packings };
}

function packingOf(before: LaneCounts, after: LaneCounts): number {
  return (after.replies - before.replies) / Math.max(1, after.frames - before.frames);
}

function toLoaded(probe: Probe, measurements: readonly Measurement[], baseline: readonly number[]): LoadedReplicas {
  const { gateway, tool, load, packings } = probe;
  const medianUs = (pick: (one: Measurement) => number) => medianOf(measurements.map(pick));
  return {
    gateway,
    tool,
    load,
    rps: spreadOf(measurements.map(({ rps }) => rps)),
    gatewayUs: medianUs(({ cpuUs }) => cpuUs['gateway'] ?? 0),
    toolUs: medianUs(({ cpuUs }) => cpuUs['tool'] ?? 0),
    sumUs: medianUs(sumUsOf),
    cost: spreadOf(measurements.map((one, round) => sumUsOf(one) / (baseline[round] ?? Number.NaN))),
    packed: medianOf(packings.slice(-measurements.length)),
  };
}

function sumUsOf({ cpuUs: { rest: _rest, ...processes } }: Measurement): number {
  return Object.values(processes).reduce((total, us) => total + us, 0);
}

/** Looks at all clusters at once while none has anything to do. */
async function measureIdle(running: readonly Running[], world: World): Promise<IdleReplicas[]> {
  world.report(`idle for ${(SETTLE_MS + IDLE_MS) / MS_PER_SECOND} s`);
  await sleep(SETTLE_MS);
  const before = running.map(({ cluster }) => cluster.processes.map(({ pid }) => cpuMsOf(pid)));
  await sleep(IDLE_MS);
  return running.map(({ cluster, gateway, tool }, index) => {
    const used = cluster.processes.map(({ name, pid }, at) => ({
      name,
      msPerSecond: (cpuMsOf(pid) - (before[index]?.[at] ?? 0)) / (IDLE_MS / MS_PER_SECOND),
    }));
    const byName = Object.groupBy(used, ({ name }) => name);
    const entries = Object.entries(byName).map(
      ([name, of]) => [name, meanOf(of.map((one) => one.msPerSecond))] as const,
    );
    return { gateway, tool, msPerSecond: Object.fromEntries(entries) };
  });
}

function meanOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / Math.max(1, values.length);
}
