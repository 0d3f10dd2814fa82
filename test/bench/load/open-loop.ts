import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { Load, LoadResult } from './load.ts';
import type { OpenLoopJob } from './open-loop-job.ts';
import { runProgram } from './run-program.ts';

const program = fileURLToPath(new URL('drive-open-loop.ts', import.meta.url));
const number = z.number();
const result = z.object({
  requests: number,
  seconds: number,
  errors: number,
  p50Ms: number,
  p99Ms: number,
  p999Ms: number,
  maxMs: number,
  lateP99Ms: number,
});

/** What came of requests at a fixed rate. */
export interface OpenLoopResult extends LoadResult {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** How late the generator itself was. */
  readonly lateP99Ms: number;
}

/**
 * Sends requests at a fixed rate, from a process of its own. A latency begins when the request was due, not when it was
 * sent: a target that stalls is charged for everybody it kept waiting.
 */
export async function runOpenLoop(job: OpenLoopJob): Promise<OpenLoopResult> {
  return result.parse(JSON.parse(await runProgram(process.execPath, [program, JSON.stringify(job)])));
}

/** Makes a load of a fixed rate. */
export function createOpenLoopLoad(job: Omit<OpenLoopJob, 'seconds'>): Load {
  return { generator: 'open loop', run: (seconds) => runOpenLoop({ ...job, seconds }) };
}
