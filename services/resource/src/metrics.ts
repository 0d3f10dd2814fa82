import type { Registry } from '@gantry/telemetry';
import { Counter, Gauge } from 'prom-client';

/** What the resource service counts beyond its RPCs. */
export interface ResourceMetrics {
  /** Counts a read that was answered. */
  countRead(connector: string, origin: 'cache' | 'source'): void;
}

/** Registers the metrics; `watches` tells how many watches and polls there are. */
export function createResourceMetrics(
  registry: Registry,
  watches: { readonly watchCount: number; readonly pollCount: number },
): ResourceMetrics {
  const reads = new Counter({
    name: 'gantry_resource_reads_total',
    help: 'Resources read, by connector and by where the content came from.',
    labelNames: ['connector', 'origin'],
    registers: [registry],
  });
  gauge(registry, { name: 'gantry_resource_watches', help: 'Watches that are open.', read: () => watches.watchCount });
  gauge(registry, {
    name: 'gantry_resource_polls',
    help: 'Resources that are polled for those watches.',
    read: () => watches.pollCount,
  });
  return { countRead: (connector, origin) => reads.inc({ connector, origin }) };
}

function gauge(registry: Registry, { name, help, read }: { name: string; help: string; read: () => number }): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
