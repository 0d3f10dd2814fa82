import type { Registry } from '@gantry/telemetry';
import type { Pool } from 'pg';
import { Counter, Gauge } from 'prom-client';

const CONNECTIONS = 'gantry_postgres_pool_connections';
const IDLE_ERRORS = 'gantry_postgres_pool_idle_errors_total';

/** Counts what happens to a pool while nobody is waiting for it. */
export interface PoolMetrics {
  /** Counts an idle connection that was lost. */
  countIdleError(): void;
}

/**
 * Shows a pool on a registry: `gantry_postgres_pool_connections{pool,state}` with the states `total`, `idle` and
 * `waiting` (callers without a connection), and `gantry_postgres_pool_idle_errors_total{pool}`. Several pools may share a
 * registry; of two with the same name the later one is shown.
 */
export function observePool(pool: Pool, name: string, registry: Registry): PoolMetrics {
  const shown = registry.getSingleMetric(CONNECTIONS);
  const gauge = shown instanceof PoolGauge ? shown : new PoolGauge(registry);
  gauge.poolByName.set(name, pool);
  const counted = registry.getSingleMetric(IDLE_ERRORS);
  const errors = counted instanceof Counter ? counted : idleErrorCounter(registry);
  return { countIdleError: () => errors.inc({ pool: name }) };
}

/** Reads the pools when it is scraped, so that no event of a pool can be missed. */
class PoolGauge extends Gauge {
  readonly poolByName = new Map<string, Pool>();

  constructor(registry: Registry) {
    super({
      name: CONNECTIONS,
      help: 'Connections of the Postgres pools by state; waiting counts callers without one.',
      labelNames: ['pool', 'state'],
      registers: [registry],
      collect: () => this.#show(),
    });
  }

  #show(): void {
    this.reset();
    for (const [name, pool] of this.poolByName) {
      if (pool.ended) this.poolByName.delete(name);
      this.set({ pool: name, state: 'total' }, pool.totalCount);
      this.set({ pool: name, state: 'idle' }, pool.idleCount);
      this.set({ pool: name, state: 'waiting' }, pool.waitingCount);
    }
  }
}

function idleErrorCounter(registry: Registry): Counter {
  return new Counter({
    name: IDLE_ERRORS,
    help: 'Idle connections of the Postgres pools that were lost.',
    labelNames: ['pool'],
    registers: [registry],
  });
}
