import type { Registry } from '@gantry/telemetry';
import { Counter } from 'prom-client';

/** What one bus counts. */
export interface BusMetrics {
  published(): void;
  received(): void;
  resets(subscriptions: number): void;
}

interface BusCounters {
  readonly messages: Counter<'bus' | 'direction'>;
  readonly resets: Counter<'bus'>;
}

const countersByRegistry = new WeakMap<Registry, BusCounters>();

/** Counts messages and resets of one bus on a registry that several buses may share. */
export function createBusMetrics(registry: Registry, bus: string): BusMetrics {
  const counters = countersByRegistry.get(registry) ?? createCounters(registry);
  countersByRegistry.set(registry, counters);
  return {
    published: () => counters.messages.inc({ bus, direction: 'out' }),
    received: () => counters.messages.inc({ bus, direction: 'in' }),
    resets: (subscriptions) => counters.resets.inc({ bus }, subscriptions),
  };
}

function createCounters(registry: Registry): BusCounters {
  return {
    messages: new Counter({
      name: 'gantry_bus_messages_total',
      help: 'Messages taken by the bus (out) and heard from it (in).',
      labelNames: ['bus', 'direction'],
      registers: [registry],
    }),
    resets: new Counter({
      name: 'gantry_bus_resets_total',
      help: 'Subscriptions that were told they may have missed messages.',
      labelNames: ['bus'],
      registers: [registry],
    }),
  };
}
