/** A process that sends requests when they are due, whatever became of those before; prints its result as a line of JSON. */
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

import { LatencyHistogram } from '../figures/latency-histogram.ts';
import { assertEchoed } from '../targets/echo.ts';
import { parseHttpAnswer } from './http-answer.ts';
import { FIRST_ID, LAST_ID, toTemplates } from './http-plan.ts';
import type { OpenLoopJob } from './open-loop-job.ts';
import type { Ticks } from './ticker.ts';

const MS_PER_SECOND = 1_000;
const NS_PER_MS = 1e6;
/** The connections are up by then. */
const LEAD_MS = 200;
/** What is not answered this long after the last request was due counts as an error. */
const GRACE_MS = 5_000;

// Written by the harness.
const job = JSON.parse(process.argv[2] ?? '{}') as OpenLoopJob;
const templates = toTemplates({ ...job.plan, assertAnswer: assertEchoed });
const latencies = new LatencyHistogram();
/** How late requests left although a connection was free: that is this program's fault, and in all figures alike. */
const lateness = new LatencyHistogram();
const total = Math.round(job.requestsPerSecond * job.seconds);
const idle: Connection[] = [];
const backlog: number[] = [];
let errors = 0;
let nextId = FIRST_ID;
const finished = Promise.withResolvers<void>();

/** The clock that threads share. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / NS_PER_MS;
}

/** A connection that has one request in flight, or none. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #dueMs = 0;
  #id = 0;

  constructor() {
    this.#socket = connect({ host: job.plan.host, port: job.plan.port, noDelay: true });
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (error) => finished.reject(error));
    this.#socket.on('close', () => finished.reject(new Error('the target closed a connection')));
  }

  send(dueMs: number): void {
    this.#dueMs = dueMs;
    this.#id = nextId;
    nextId = nextId === LAST_ID ? FIRST_ID : nextId + 1;
    const template = templates[this.#id % templates.length];
    this.#socket.write(`${template?.head}${this.#id}${template?.tail}`);
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = parseHttpAnswer(this.#received);
    if (answer === undefined) return;
    this.#received = Buffer.alloc(0);
    try {
      if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
      assertEchoed(answer.body, this.#id);
      latencies.record(nowMs() - this.#dueMs);
    } catch {
      errors += 1;
    }
    const waiting = backlog.shift();
    if (waiting === undefined) idle.push(this);
    else this.send(waiting);
    if (latencies.total + errors === total) finished.resolve();
  }
}

for (let i = 0; i < job.connections; i += 1) idle.push(new Connection());
const workerData: Ticks = {
  startMs: nowMs() + LEAD_MS,
  intervalMs: MS_PER_SECOND / job.requestsPerSecond,
  count: total,
};
const ticker = new Worker(new URL('ticker.ts', import.meta.url), { workerData });
ticker.on('message', (dueMs: number) => {
  const connection = idle.shift();
  if (connection === undefined) {
    backlog.push(dueMs);
    return;
  }
  lateness.record(nowMs() - dueMs);
  connection.send(dueMs);
});
setTimeout(() => finished.resolve(), LEAD_MS + job.seconds * MS_PER_SECOND + GRACE_MS);
await finished.promise;
const result = {
  requests: latencies.total,
  seconds: job.seconds,
  errors: total - latencies.total,
  p50Ms: latencies.percentileMs(0.5),
  p99Ms: latencies.percentileMs(0.99),
  p999Ms: latencies.percentileMs(0.999),
  maxMs: latencies.maxMs,
  lateP99Ms: lateness.percentileMs(0.99),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
