import { collectDefaultMetrics, Registry } from 'prom-client';

export type { Registry };

/**
 * How often the event loop's lag is looked at, in milliseconds, which wakes the process each time. The library's default of 10
 * was all that an idle process did, and half a percent of a core.
 */
const LAG_EVERY_MS = 100;

/** Says whose metrics a registry holds. */
export interface CreateMetricsRegistryOptions {
  /** Names the service; the default label `service` of every metric. */
  readonly service: string;
  /**
   * Adds the process metrics: CPU, memory, garbage collection, handles and event loop lag. Default `false`. Ask for it
   * once per process: each registry that has them keeps its own observers running.
   */
  readonly processMetrics?: boolean;
}

/**
 * Creates an empty registry with the default label `service`.
 *
 * Registries are passed, never global: two services in one process do not see each other's metrics.
 */
export function createMetricsRegistry({ service, processMetrics = false }: CreateMetricsRegistryOptions): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  if (processMetrics) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_EVERY_MS });
  return registry;
}
