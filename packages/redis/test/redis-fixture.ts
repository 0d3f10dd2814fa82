import { createLogger, createMetricsRegistry, type Logger, type Registry } from '@gantry/telemetry';

import { closeRedis, createRedis, type RedisClient } from '../src/create-redis.ts';

/** The address of the Redis that tests run against. */
export function redisAddress(): { readonly host: string; readonly port: number } {
  const url = new URL(redisUrl());
  return { host: url.hostname, port: Number(url.port || 6379) };
}

export function redisUrl(): string {
  const url = process.env['REDIS_URL'];
  if (url === undefined) {
    throw new Error('REDIS_URL is not set; the global setup of the tests sets it');
  }
  return url;
}

/** A client with its log lines and metrics in reach of the test. */
export interface RedisFixture extends AsyncDisposable {
  readonly redis: RedisClient;
  readonly logs: readonly { readonly level: string; readonly msg: string }[];
  readonly metrics: Registry;
}

/** Connects and waits until the client is ready. */
export async function connectRedis(options: { readonly url?: string } = {}): Promise<RedisFixture> {
  const fixture = openRedis(options);
  if (fixture.redis.status !== 'ready') {
    await nextEvent(fixture.redis, 'ready');
  }
  return fixture;
}

/** Creates a client without waiting for its connection. */
export function openRedis({ url = redisUrl() }: { readonly url?: string } = {}): RedisFixture {
  const { logger, logs } = recordingLogger();
  const metrics = createMetricsRegistry({ service: 'test' });
  const redis = createRedis({ url, name: 'test', logger, metrics });
  return {
    redis,
    logs,
    metrics,
    [Symbol.asyncDispose]: async () => closeRedis(redis),
  };
}

/** Waits for an event; unlike `once` of node:events it does not reject on an `error` that comes before. */
export async function nextEvent(client: Pick<RedisClient, 'once'>, name: 'ready' | 'close' | 'end'): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  client.once(name, () => resolve());
  await promise;
}

export function recordingLogger(): { logger: Logger; logs: { level: string; msg: string }[] } {
  const logs: { level: string; msg: string }[] = [];
  const destination = { write: (line: string) => void logs.push(JSON.parse(line)) };
  return { logger: createLogger({ service: 'test', level: 'info', destination }), logs };
}
