import { openBaseline, startBaseline } from '../baseline-contenders.ts';
import { auditOf, BASELINES, GANTRY_WAYS } from '../contender-names.ts';
import type { Contender, LoadOptions, Unavailable } from '../contender.ts';
import { openWay } from '../gantry-contenders.ts';
import type { BenchOptions } from '../options.ts';
import { describeMachine, describeVersions } from '../report/machine.ts';
import { createThroughputReport, type ThroughputReport } from '../report/throughput-report.ts';
import { runRounds } from '../rounds.ts';
import { type AuditMode, startGantryCluster } from '../world/gantry-cluster.ts';
import type { World } from '../world/world.ts';

const AUDIT_MODES: readonly AuditMode[] = ['async', 'strict'];

/** Measures how much each contender carries, all in interleaved rounds. */
export async function measureThroughput(options: BenchOptions, world: World): Promise<ThroughputReport> {
  await using stack = new AsyncDisposableStack();
  const load = { ...options, folder: world.folder };
  const opened = await allOf([
    openBaselines(load, stack),
    ...AUDIT_MODES.map((audit) => openCluster(audit, load, { world, stack })),
  ]);
  const contenders = opened.filter((one) => 'load' in one);
  // Each gateway compiles by itself.
  const warmRequests = options.gateways * options.warmRequests;
  const outcome = await runRounds(contenders, { ...options, warmRequests, report: world.report });
  const unavailable = opened.filter((one) => 'reason' in one);
  const failed = [...unavailable, ...outcome.failed];
  const { rounds, seconds, connections, channels, sessions, gateways } = options;
  const size = { rounds, seconds, connections, channels, sessions, gateways };
  const context = { machine: describeMachine(), versions: describeVersions(), ...size };
  return createThroughputReport({ ...outcome, failed }, context);
}

type Opened = Contender | Unavailable;

async function openBaselines(
  options: BenchOptions & LoadOptions,
  stack: AsyncDisposableStack,
): Promise<readonly Opened[]> {
  const opened: Opened[] = [];
  for (const name of BASELINES) {
    const isWanted = options.only.some((one) => one === name || (name === 'raw-grpc' && one.startsWith('raw-grpc')));
    if (isWanted) opened.push(...(await openBaseline(name, await startBaseline(name, options, stack), options)));
  }
  return opened.filter(({ name }) => options.only.some((wanted) => wanted === name));
}

async function openCluster(
  audit: AuditMode,
  options: BenchOptions & LoadOptions,
  { world, stack }: { readonly world: World; readonly stack: AsyncDisposableStack },
): Promise<readonly Opened[]> {
  const names = options.only.filter((name) => auditOf(name) === audit);
  if (names.length === 0) return [];
  const cluster = stack.use(await startGantryCluster({ audit, ...world, replicas: { gateway: options.gateways } }));
  const opened: Opened[] = [];
  for (const way of GANTRY_WAYS) {
    if (names.some((name) => name === way || name === `${way}-strict`))
      opened.push(await openWay(way, cluster, options));
  }
  return opened;
}

/** Waits for all to start, also when one fails: what runs must be known, to be stopped. */
async function allOf(starting: readonly Promise<readonly Opened[]>[]): Promise<readonly Opened[]> {
  const settled = await Promise.allSettled(starting);
  return settled.flatMap((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}
