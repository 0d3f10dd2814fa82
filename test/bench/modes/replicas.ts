import type { Contender } from '../contender.ts';
import { medianOf, type Spread, spreadOf } from '../figures/statistics.ts';
import { createHttpContender, planEcho } from '../http-contender.ts';
import type { BenchOptions } from '../options.ts';
import { toTable } from '../report/table.ts';
import { type Measured, runRounds } from '../rounds.ts';
import { startGantryCluster } from '../world/gantry-cluster.ts';
import type { World } from '../world/world.ts';

/** How many gateways and tool services there are; the first is what the others are compared with. */
const SHAPES = [
  { gateway: 1, tool: 1 },
  { gateway: 1, tool: 2 },
  { gateway: 2, tool: 1 },
  { gateway: 2, tool: 2 },
] as const;

/** What a request costs with so many replicas. */
export interface ReplicasResult {
  readonly gateway: number;
  readonly tool: number;
  readonly rps: Spread;
  /** Processor time of all processes of the cluster a request: on two cores the rate cannot double, but this must not grow. */
  readonly cpuUs: number;
  /** In comparison with one replica of each. */
  readonly cost: number;
}

/** Measures the cost of a request with one and with two replicas, in interleaved rounds. */
export async function measureReplicas(options: BenchOptions, world: World): Promise<readonly ReplicasResult[]> {
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const replicas of SHAPES) {
    const cluster = stack.use(await startGantryCluster({ audit: 'async', ...world, replicas }));
    const is = { name: nameOf(replicas), processes: cluster.processes };
    const plan = planEcho({ url: cluster.url, headerSets: [{ authorization: `Bearer ${cluster.apiKey}` }] });
    contenders.push(await createHttpContender(is, plan, { ...options, folder: world.folder }));
  }
  const { measured, failed } = await runRounds(contenders, { ...options, report: world.report });
  for (const { name, reason } of failed) throw new Error(`${name}: ${reason}`);
  const oneEach = cpuOf(measured[0]);
  return SHAPES.map((shape, index) => {
    const cpuUs = cpuOf(measured[index]);
    const rps = spreadOf(measured[index]?.measurements.map((one) => one.rps) ?? []);
    return { ...shape, rps, cpuUs, cost: cpuUs / oneEach };
  });
}

function nameOf({ gateway, tool }: (typeof SHAPES)[number]): string {
  return `gateway-${gateway}-tool-${tool}`;
}

function cpuOf(measured: Measured | undefined): number {
  const sums = measured?.measurements.map(({ cpuUs: { rest: _rest, ...processes } }) =>
    Object.values(processes).reduce((total, us) => total + us, 0),
  );
  return medianOf(sums ?? []);
}

/** Writes the results for people. */
export function toReplicasText(results: readonly ReplicasResult[]): string {
  const rows = results.map(({ gateway, tool, rps, cpuUs, cost }) => [
    String(gateway),
    String(tool),
    rps.median.toFixed(0),
    `[${rps.min.toFixed(0)} to ${rps.max.toFixed(0)}]`,
    cpuUs.toFixed(0),
    cost.toFixed(2),
  ]);
  return toTable(['gateways', 'tools', 'requests/s', '[range]', 'cpu µs a request', 'x one of each'], rows);
}
