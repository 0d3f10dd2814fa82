import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { HttpPlan } from './http-plan.ts';
import type { Load } from './load.ts';
import type { OpenLoopJob, OpenLoopResult } from './open-loop-job.ts';
import { runProgram } from './run-program.ts';

const program = fileURLToPath(new URL('drive-open-loop.ts', import.meta.url));
const number = z.number();
const window = { p50Ms: number, p99Ms: number, lateP99Ms: number };
const results = z.array(
  z.object({
    ...window,
    requests: number,
    seconds: number,
    errors: number,
    p999Ms: number,
    maxMs: number,
    hasPriority: z.boolean(),
    windows: z.array(z.object(window)),
  }),
);

/**
 * Sends requests at a fixed rate to several targets in turn, from a process of its own. A latency begins when the request was due,
 * not when it was sent: a target that stalls is charged for everybody it kept waiting.
 */
export async function runOpenLoop(job: OpenLoopJob): Promise<readonly OpenLoopResult[]> {
  return results.parse(JSON.parse(await runProgram(process.execPath, [program, JSON.stringify(job)])));
}

/** Says what one target gets. */
export interface OpenLoopOptions extends Pick<OpenLoopJob, 'requestsPerSecond' | 'connections'> {
  readonly plan: HttpPlan;
}

/** Sends requests at a fixed rate to one target. */
export async function runOneOpenLoop(
  { plan, ...options }: OpenLoopOptions,
  windowSeconds: number,
): Promise<OpenLoopResult> {
  const [result] = await runOpenLoop({ ...options, plans: [plan], windows: 1, windowSeconds });
  if (result === undefined) throw new Error('the open loop had no result');
  return result;
}

/** Makes a load of a fixed rate. */
export function createOpenLoopLoad(options: OpenLoopOptions): Load {
  return { generator: 'open loop', run: (seconds) => runOneOpenLoop(options, seconds) };
}
