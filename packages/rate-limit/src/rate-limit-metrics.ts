import type { Registry } from '@gantry/telemetry';
import { Counter, Gauge } from 'prom-client';

/** How asking the store for tokens ended: all that requests waited for, fewer, or none because the store is lost. */
type RefillOutcome = 'granted' | 'short' | 'failed';

/** What one limiter counts and shows. */
export interface RateLimitMetrics {
  setDegraded(isDegraded: boolean): void;
  refilled(outcome: RefillOutcome): void;
  setLeasedKeys(keys: number): void;
}

interface Instruments {
  readonly degraded: Gauge<'limiter'>;
  readonly leasedKeys: Gauge<'limiter'>;
  readonly refills: Counter<'limiter' | 'outcome'>;
}

const instrumentsByRegistry = new WeakMap<Registry, Instruments>();

/** Returns the metrics of a limiter, on a registry that several limiters may share. */
export function createRateLimitMetrics(registry: Registry, limiter: string): RateLimitMetrics {
  const instruments = instrumentsByRegistry.get(registry) ?? createInstruments(registry);
  instrumentsByRegistry.set(registry, instruments);
  const degraded = instruments.degraded.labels({ limiter });
  const leasedKeys = instruments.leasedKeys.labels({ limiter });
  const childOf = (outcome: RefillOutcome) => instruments.refills.labels({ limiter, outcome });
  const refills = { granted: childOf('granted'), short: childOf('short'), failed: childOf('failed') };
  degraded.set(0);
  leasedKeys.set(0);
  return {
    setDegraded: (isDegraded) => degraded.set(isDegraded ? 1 : 0),
    refilled: (outcome) => refills[outcome].inc(),
    setLeasedKeys: (keys) => leasedKeys.set(keys),
  };
}

function createInstruments(registry: Registry): Instruments {
  const registers = [registry];
  return {
    degraded: new Gauge({
      name: 'gantry_rate_limit_degraded',
      help: '1 while this limiter counts in its own process because Redis is lost, else 0.',
      labelNames: ['limiter'],
      registers,
    }),
    leasedKeys: new Gauge({
      name: 'gantry_rate_limit_leased_keys',
      help: 'Keys of which this replica holds leased tokens.',
      labelNames: ['limiter'],
      registers,
    }),
    refills: new Counter({
      name: 'gantry_rate_limit_refills_total',
      help: 'Times that tokens were asked for, by outcome: granted, short of what requests waited for, or failed.',
      labelNames: ['limiter', 'outcome'],
      registers,
    }),
  };
}
