import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { exchangeStream } from './exchange-stream.ts';
import { parseH2loadTotals } from './h2load-output.ts';
import { toH2loadArgs } from './h2load.ts';
import type { Load } from './load.ts';
import type { RequestCounters } from './request-counters.ts';
import { runProgram } from './run-program.ts';
import { assertStreamAnswered } from './session-answer.ts';
import { SESSION_PATH, type SessionPlan, toStreamBody } from './session-plan.ts';
import { assertCounted, assertStreamsAnswered, type ExpectedStreams } from './stream-totals.ts';

/** Says how many streams there are at a time, and where files are written. */
export interface SessionLoadOptions {
  readonly name: string;
  readonly sessions: number;
  readonly folder: string;
  /** Whether the server answers each frame with one frame. */
  readonly isFrameForFrame: boolean;
  /** What the server itself counts; absent when it does not. */
  readonly counters?: RequestCounters | undefined;
}

/**
 * Keeps a stream open on each of several HTTP/2 connections, with h2load: everything is sent as fast as the server takes it,
 * and the next stream begins when all is answered. Only streams that ended within the time count.
 */
export async function createH2loadSessions(plan: SessionPlan, options: SessionLoadOptions): Promise<Load> {
  const { name, sessions, folder, counters } = options;
  const bodyFile = join(folder, `${name}.bin`);
  const body = toStreamBody(plan);
  await writeFile(bodyFile, body);
  const answered = assertStreamAnswered(await exchangeStream(plan, body), plan);
  const expected = { ...plan, sessions, ...boundsOf(answered, plan, options) };
  const args = toH2loadArgs({ ...plan, path: SESSION_PATH, bodyFile, clients: sessions, streams: 1 });
  return {
    generator: 'h2load',
    async run(seconds) {
      const before = await counters?.read();
      const totals = parseH2loadTotals(await runProgram('h2load', [`-D${seconds}`, ...args]));
      const after = await counters?.read();
      assertStreamsAnswered(totals, expected);
      if (before !== undefined && after !== undefined) assertCounted({ before, after }, totals, { ...plan, seconds });
      const requests = totals.succeeded * plan.callsPerStream;
      return { requests, seconds, errors: totals.errors, p50Ms: undefined, p99Ms: undefined };
    },
  };
}

/** Answers are packed as they are ready: all into one frame, or each into one of its own, with an empty frame before. */
function boundsOf(
  { answerBytes, frames }: { readonly answerBytes: number; readonly frames: number },
  { callsPerStream }: SessionPlan,
  { isFrameForFrame }: SessionLoadOptions,
): Pick<ExpectedStreams, 'answerBytes' | 'framesMin' | 'framesMax'> {
  if (isFrameForFrame) return { answerBytes, framesMin: frames, framesMax: frames };
  return { answerBytes, framesMin: 2, framesMax: callsPerStream + 1 };
}
