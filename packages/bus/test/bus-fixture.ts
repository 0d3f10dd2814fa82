import { createLogger, createMetricsRegistry, type Logger } from '@gantry/telemetry';

import type { Bus } from '../src/bus.ts';
import { createMemoryBus } from '../src/memory-bus.ts';
import { createRedisBus } from '../src/redis-bus.ts';

/** A bus and what it logged. */
export interface BusFixture {
  readonly bus: Bus;
  readonly logs: readonly string[];
}

/** The adapters that pass the contract, by name. */
export const busAdapters: Readonly<Record<string, () => BusFixture>> = {
  memory: () => {
    const { logger, logs } = recordingLogger();
    return { bus: createMemoryBus({ logger }), logs };
  },
  redis: () => openRedisBus(),
};

export function openRedisBus({ url = redisUrl(), name = 'test' } = {}): BusFixture {
  const { logger, logs } = recordingLogger();
  return { bus: createRedisBus({ url, name, logger, metrics: createMetricsRegistry({ service: 'test' }) }), logs };
}

export function redisUrl(): string {
  const url = process.env['REDIS_URL'];
  if (url === undefined) {
    throw new Error('REDIS_URL is not set; the global setup of the tests sets it');
  }
  return url;
}

function recordingLogger(): { logger: Logger; logs: string[] } {
  const logs: string[] = [];
  const destination = { write: (line: string) => void logs.push(JSON.parse(line).msg) };
  return { logger: createLogger({ service: 'test', level: 'info', destination }), logs };
}
