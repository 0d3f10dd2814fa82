import type { Registry } from '@gantry/telemetry';
import { Gauge } from 'prom-client';

const partsByRegistry = new WeakMap<Registry, Map<string, Set<() => number>>>();

/** Adds a part to a gauge that shows the sum of them: one for each server, of those that share a registry. */
export function addToGauge(registry: Registry, { name, help }: { name: string; help: string }, read: () => number) {
  const known = partsByRegistry.get(registry) ?? new Map<string, Set<() => number>>();
  partsByRegistry.set(registry, known);
  const parts = known.get(name);
  if (parts !== undefined) return void parts.add(read);
  const all = new Set([read]);
  known.set(name, all);
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(all.values().reduce((sum, part) => sum + part(), 0));
    },
  });
}
