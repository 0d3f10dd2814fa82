import type { HttpPlan } from './http-plan.ts';

/** What the open-loop generator is told, as JSON in its first argument. */
export interface OpenLoopJob {
  readonly plan: Omit<HttpPlan, 'assertAnswer'>;
  readonly requestsPerSecond: number;
  readonly connections: number;
  readonly seconds: number;
}
