import type { HttpPlan } from './http-plan.ts';

/** What the open-loop generator is told, as JSON in its first argument. */
export interface OpenLoopJob {
  /** They get windows in turn: the same number each. */
  readonly plans: readonly Omit<HttpPlan, 'assertAnswer'>[];
  /** While a target has its window; the others get nothing meanwhile. */
  readonly requestsPerSecond: number;
  /** To each target. */
  readonly connections: number;
  /** Windows of each target. */
  readonly windows: number;
  readonly windowSeconds: number;
}

/** One window of one target. */
export interface OpenLoopWindow {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How late requests left although a connection was free: that is the generator's fault, or the machine's. */
  readonly lateP99Ms: number;
}

/** All windows of one target. */
export interface OpenLoopResult extends OpenLoopWindow {
  /** Requests that were answered correctly. */
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Whether the generator goes before everything else that wants the processor. */
  readonly hasPriority: boolean;
  readonly windows: readonly OpenLoopWindow[];
}
