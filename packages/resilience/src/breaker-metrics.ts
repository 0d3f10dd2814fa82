import type { Registry } from '@gantry/telemetry';
import { Counter, Gauge } from 'prom-client';

/** What breakers report; all breakers of a registry share the two metrics. */
export interface BreakerMetrics {
  readonly state: Gauge;
  readonly rejected: Counter;
}

const STATE_NAME = 'gantry_breaker_state';
const REJECTED_NAME = 'gantry_breaker_rejected_total';

/** Returns the breaker metrics of a registry, made by the first breaker that asks. */
export function breakerMetrics(registry: Registry): BreakerMetrics {
  const registers = [registry];
  const labelNames = ['breaker'];
  const state = registry.getSingleMetric(STATE_NAME);
  const rejected = registry.getSingleMetric(REJECTED_NAME);
  return {
    state:
      state instanceof Gauge
        ? state
        : new Gauge({
            name: STATE_NAME,
            help: 'State of a circuit breaker: 0 closed, 1 half-open, 2 open.',
            labelNames,
            registers,
          }),
    rejected:
      rejected instanceof Counter
        ? rejected
        : new Counter({
            name: REJECTED_NAME,
            help: 'Calls refused by an open circuit breaker.',
            labelNames,
            registers,
          }),
  };
}
