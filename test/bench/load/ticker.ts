/**
 * A thread that keeps time. Node's timers are late by up to a millisecond; a thread that sleeps on a lock and then wakes the
 * main thread is late by some tens of microseconds, and does not burn a core as a busy loop would.
 */
import { parentPort, workerData } from 'node:worker_threads';

const NS_PER_MS = 1e6;

/** What the thread is told: when ticks are due, on the clock of process.hrtime. */
export interface Ticks {
  readonly startsMs: readonly number[];
  readonly intervalMs: number;
  /** After each start. */
  readonly count: number;
}

/** What it says when one is due. */
export interface Tick {
  /** Which of the starts it follows: an index. */
  readonly window: number;
  readonly dueMs: number;
}

// Written by drive-open-loop.ts.
const { startsMs, intervalMs, count } = workerData as Ticks;
const lock = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

for (const [window, startMs] of startsMs.entries()) {
  for (let tick = 0; tick < count; tick += 1) {
    const dueMs = startMs + tick * intervalMs;
    const waitMs = dueMs - Number(process.hrtime.bigint()) / NS_PER_MS;
    if (waitMs > 0) Atomics.wait(lock, 0, 0, waitMs);
    parentPort?.postMessage({ window, dueMs } satisfies Tick);
  }
}
