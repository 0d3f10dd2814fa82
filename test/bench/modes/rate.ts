import { startBaseline } from '../baseline-contenders.ts';
import { type AddedLatency, addedLatency } from '../figures/added-latency.ts';
import { createHttpContender, planEcho } from '../http-contender.ts';
import type { HttpPlan } from '../load/http-plan.ts';
import type { OpenLoopResult, OpenLoopWindow } from '../load/open-loop-job.ts';
import { runOpenLoop } from '../load/open-loop.ts';
import type { BenchOptions } from '../options.ts';
import { WARM_REQUESTS, warmUp } from '../warm-up.ts';
import { startGantryCluster } from '../world/gantry-cluster.ts';
import type { World } from '../world/world.ts';

/** The rate at which latency is promised. */
export const REQUESTS_PER_SECOND = 1_000;
export const CONNECTIONS = 32;

/**
 * Short, so that there are many: then half of them may be disturbed, and the median is that of those that were not. Of 500
 * latencies five are above the 99th percentile.
 */
export const WINDOW_SECONDS = 0.5;

/** What came of one target at a fixed rate. */
export interface RateResult {
  readonly name: string;
  readonly rounds: readonly OpenLoopResult[];
  /** Beside raw-http; absent for raw-http. */
  readonly added?: AddedLatency;
}

/** Measures latency at a fixed rate: targets take turns, window by window. */
export async function measureRate(options: BenchOptions, world: World): Promise<readonly RateResult[]> {
  await using stack = new AsyncDisposableStack();
  const targets = await openTargets(options, world, stack);
  const rounds: (readonly OpenLoopResult[])[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const results = await runOpenLoop({
      plans: targets.map(({ plan }) => plan),
      requestsPerSecond: REQUESTS_PER_SECOND,
      connections: CONNECTIONS,
      windows: options.seconds / WINDOW_SECONDS,
      windowSeconds: WINDOW_SECONDS,
    });
    rounds.push(results);
    for (const [index, { name }] of targets.entries()) {
      world.report(
        `round ${round}  ${name.padEnd(28)} ${describe(results[index], index > 0 ? results[0] : undefined)}`,
      );
    }
  }
  const baseline = windowsOf(rounds, 0);
  return targets.map(({ name }, index) => {
    const own = rounds.flatMap((results) => results[index] ?? []);
    if (index === 0) return { name, rounds: own };
    return { name, rounds: own, added: addedLatency(windowsOf(rounds, index), baseline) };
  });
}

function windowsOf(rounds: readonly (readonly OpenLoopResult[])[], target: number): OpenLoopWindow[] {
  return rounds.flatMap((results) => results[target]?.windows ?? []);
}

function describe(result: OpenLoopResult | undefined, baseline: OpenLoopResult | undefined): string {
  if (result === undefined) return 'no result';
  const { p50Ms, p99Ms, errors } = result;
  const own = `p50 ${p50Ms.toFixed(2)}, p99 ${p99Ms.toFixed(2)} ms, ${errors} errors`;
  if (baseline === undefined) return own;
  const added = addedLatency(result.windows, baseline.windows);
  return `${own}; added p50 ${added.p50Ms.median.toFixed(2)}, p99 ${added.p99Ms.median.toFixed(2)} ms`;
}

interface Target {
  readonly name: string;
  readonly plan: HttpPlan;
}

/** Starts all targets and warms them up; raw-http is the first. */
async function openTargets(options: BenchOptions, world: World, stack: AsyncDisposableStack): Promise<Target[]> {
  const load = { ...options, folder: world.folder };
  const { url, pid } = await startBaseline('raw-http', load, stack);
  const targets = [{ name: 'raw-http', plan: planEcho({ url }), processes: [{ name: 'server', pid }] }];
  for (const audit of ['async', 'strict'] as const) {
    const cluster = stack.use(await startGantryCluster({ audit, ...world }));
    const headerSets = [{ authorization: `Bearer ${cluster.apiKey}` }];
    const name = audit === 'async' ? 'gantry-http-native' : 'gantry-http-native-strict';
    targets.push({ name, plan: planEcho({ url: cluster.url, headerSets }), processes: [...cluster.processes] });
  }
  for (const { plan, ...is } of targets) {
    const contender = await createHttpContender(is, plan, load);
    await warmUp(contender, { ...options, report: world.report, requests: WARM_REQUESTS });
  }
  return targets;
}
