/** A process that sends requests when they are due, whatever became of those before; prints its results as a line of JSON. */
import { constants, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';

import { assertEchoed } from '../targets/echo.ts';
import type { OpenLoopJob } from './open-loop-job.ts';
import { OpenLoopRecord } from './open-loop-record.ts';
import { OpenLoopTarget } from './open-loop-target.ts';
import type { Tick, Ticks } from './ticker.ts';
import { scheduleWindows } from './window-schedule.ts';

const MS_PER_SECOND = 1_000;
const NS_PER_MS = 1e6;
/** The connections are up by then. */
const LEAD_MS = 200;
/** What is not answered this long after the last request was due counts as an error. */
const GRACE_MS = 5_000;

// Before there is another thread: threads take it over.
const hasPriority = takePriority();
// Written by the harness.
const job = JSON.parse(process.argv[2] ?? '{}') as OpenLoopJob;
const windowMs = job.windowSeconds * MS_PER_SECOND;
const count = Math.round(job.requestsPerSecond * job.windowSeconds);
const schedule = scheduleWindows({ ...job, targets: job.plans.length, windowMs });
const finished = Promise.withResolvers<void>();
const records = job.plans.map(() => new OpenLoopRecord(count));
const targets = job.plans.map(
  (plan) => new OpenLoopTarget({ ...plan, assertAnswer: assertEchoed }, job.connections, finished.reject),
);
const windows = schedule.map(({ target }) => ({ target: targets[target], record: records[target]?.beginWindow() }));
let open = schedule.length * count;

/** On the cores of the target, a generator that waits for its turn would be charged to the target. Only root may do this. */
function takePriority(): boolean {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
    return true;
  } catch {
    return false;
  }
}

/** The clock that threads share. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / NS_PER_MS;
}

const startMs = nowMs() + LEAD_MS;
const workerData: Ticks = {
  startsMs: schedule.map((window) => startMs + window.startMs),
  intervalMs: MS_PER_SECOND / job.requestsPerSecond,
  count,
};
const ticker = new Worker(new URL('ticker.ts', import.meta.url), { workerData });
ticker.on('message', ({ window, dueMs }: Tick) => {
  const { target, record } = windows[window] ?? {};
  target?.send({
    sentAtOnce: () => record?.left(nowMs() - dueMs),
    answered(check) {
      const latencyMs = nowMs() - dueMs;
      record?.answered(latencyMs, check());
      open -= 1;
      if (open === 0) finished.resolve();
    },
  });
});
const lastMs = (schedule.at(-1)?.startMs ?? 0) + windowMs;
setTimeout(() => finished.resolve(), LEAD_MS + lastMs + GRACE_MS);
await finished.promise;
process.stdout.write(
  `${JSON.stringify(records.map((record) => ({ ...record.result(job.windowSeconds), hasPriority })))}\n`,
);
process.exit(0);
