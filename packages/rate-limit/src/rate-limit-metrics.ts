import type { Registry } from '@gantry/telemetry';
import { Gauge } from 'prom-client';

const gauges = new WeakMap<Registry, Gauge<'limiter'>>();

/** Returns the gauge of degraded limiters of a registry, creating it once. */
export function degradedGauge(registry: Registry): Gauge<'limiter'> {
  const existing = gauges.get(registry);
  if (existing !== undefined) {
    return existing;
  }
  const gauge = new Gauge({
    name: 'gantry_rate_limit_degraded',
    help: '1 while this limiter counts in its own process because Redis is lost, else 0.',
    labelNames: ['limiter'],
    registers: [registry],
  });
  gauges.set(registry, gauge);
  return gauge;
}
