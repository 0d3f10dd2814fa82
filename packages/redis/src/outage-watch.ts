import type { Logger, Registry } from '@gantry/telemetry';
import { Gauge } from 'prom-client';

import type { RedisClient } from './create-redis.ts';

const gauges = new WeakMap<Registry, Gauge<'client'>>();

/**
 * Reports a client's outages: one warning when it starts, one line when it ends, and the gauge `gantry_redis_up{client}`.
 *
 * Listening for `error` is also what keeps an EventEmitter from ending the process.
 */
export function watchOutages(client: RedisClient, { name, logger, metrics }: OutageWatchOptions): void {
  const gauge = upGauge(metrics);
  let state: 'starting' | 'up' | 'down' = 'starting';
  const report = (error: unknown): void => {
    gauge.set({ client: name }, 0);
    if (state === 'down') {
      return;
    }
    state = 'down';
    logger.warn({ client: name, err: error }, 'redis is not available');
  };
  gauge.set({ client: name }, 0);
  client.on('error', report);
  // Only a connection that was lost is reconnected; one that was closed on purpose ends quietly.
  client.on('reconnecting', () => report(undefined));
  client.on('end', () => gauge.set({ client: name }, 0));
  client.on('ready', () => {
    gauge.set({ client: name }, 1);
    if (state === 'down') {
      logger.info({ client: name }, 'redis is available again');
    }
    state = 'up';
  });
}

/** Names the client and where its outages are reported. */
export interface OutageWatchOptions {
  /** The label of the gauge and the field of the log; one of a handful of constants, e.g. `cache`. */
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Registry;
}

function upGauge(registry: Registry): Gauge<'client'> {
  const existing = gauges.get(registry);
  if (existing !== undefined) {
    return existing;
  }
  const gauge = new Gauge({
    name: 'gantry_redis_up',
    help: '1 while this Redis client is connected and ready, else 0.',
    labelNames: ['client'],
    registers: [registry],
  });
  gauges.set(registry, gauge);
  return gauge;
}
