import { startBaseline } from '../baseline-contenders.ts';
import { type AddedLatency, addedLatency } from '../figures/added-latency.ts';
import { medianOf } from '../figures/statistics.ts';
import { planEcho } from '../http-contender.ts';
import type { HttpPlan } from '../load/http-plan.ts';
import { type OpenLoopResult, runOpenLoop } from '../load/open-loop.ts';
import type { BenchOptions } from '../options.ts';
import { toTable } from '../report/table.ts';
import { startGantryCluster } from '../world/gantry-cluster.ts';
import type { World } from '../world/world.ts';

/** The rate at which latency is promised. */
export const REQUESTS_PER_SECOND = 1_000;
export const CONNECTIONS = 32;
/** What a request through the cluster may take longer than one to a bare server, at the 99th percentile. */
const ADDED_P99_MS_MAX: Readonly<Record<string, number>> = { 'gantry-http-native': 3, 'gantry-http-native-strict': 8 };

/** What came of one target at a fixed rate. */
export interface RateResult {
  readonly name: string;
  readonly rounds: readonly OpenLoopResult[];
  /** Beside raw-http; absent for raw-http. */
  readonly added?: AddedLatency;
}

/** Measures latency at a fixed rate, in interleaved rounds. */
export async function measureRate(options: BenchOptions, world: World): Promise<readonly RateResult[]> {
  await using stack = new AsyncDisposableStack();
  const plans = await openPlans(options, world, stack);
  const results = new Map<string, OpenLoopResult[]>();
  const run = (plan: HttpPlan, seconds: number) =>
    runOpenLoop({ plan, requestsPerSecond: REQUESTS_PER_SECOND, connections: CONNECTIONS, seconds });
  for (const { plan } of plans) await run(plan, options.warmUpSeconds);
  for (let round = 0; round < options.rounds; round += 1) {
    const turn = round % plans.length;
    for (const { name, plan } of [...plans.slice(turn), ...plans.slice(0, turn)]) {
      const result = await run(plan, options.seconds);
      results.set(name, [...(results.get(name) ?? []), result]);
      world.report(`round ${round + 1}  ${name.padEnd(28)} p99 ${result.p99Ms.toFixed(2)} ms, ${result.errors} errors`);
    }
  }
  const baseline = results.get('raw-http') ?? [];
  return [...results].map(([name, rounds]) =>
    name === 'raw-http' ? { name, rounds } : { name, rounds, added: addedLatency(rounds, baseline) },
  );
}

async function openPlans(options: BenchOptions, world: World, stack: AsyncDisposableStack) {
  const { url } = await startBaseline('raw-http', { ...options, folder: world.folder }, stack);
  const plans = [{ name: 'raw-http', plan: planEcho({ url }) }];
  for (const audit of ['async', 'strict'] as const) {
    const cluster = stack.use(await startGantryCluster({ audit, ...world }));
    const headerSets = [{ authorization: `Bearer ${cluster.apiKey}` }];
    const name = audit === 'async' ? 'gantry-http-native' : 'gantry-http-native-strict';
    plans.push({ name, plan: planEcho({ url: cluster.url, headerSets }) });
  }
  return plans;
}

/** Writes the results for people. */
export function toRateText(results: readonly RateResult[]): string {
  const rows = results.map(({ name, rounds, added }) => {
    const median = (key: keyof OpenLoopResult) => medianOf(rounds.map((round) => round[key])).toFixed(2);
    const limit = ADDED_P99_MS_MAX[name];
    const verdict =
      limit === undefined || added === undefined ? '' : added.p99Ms.median <= limit ? 'reached' : 'MISSED';
    return [
      name,
      String(rounds.reduce((sum, { errors }) => sum + errors, 0)),
      ...(['p50Ms', 'p99Ms', 'p999Ms', 'maxMs', 'lateP99Ms'] as const).map(median),
      ...(added === undefined
        ? ['', '', '', '', '']
        : [
            added.p50Ms.median.toFixed(2),
            added.p99Ms.median.toFixed(2),
            `[${added.p99Ms.min.toFixed(2)} to ${added.p99Ms.max.toFixed(2)}]`,
            added.p999Ms.median.toFixed(2),
            `${limit?.toFixed(0)} ms: ${verdict}`,
          ]),
    ];
  });
  const heading = ['', 'errors', 'p50', 'p99', 'p99.9', 'max', 'generator late p99'];
  const added = ['added p50', 'added p99', '[range]', 'added p99.9', 'p99 at most'];
  return `${REQUESTS_PER_SECOND} requests/s over ${CONNECTIONS} connections; ms from when a request was due; medians of the rounds\n\n${toTable(
    [...heading, ...added],
    rows,
  )}`;
}
