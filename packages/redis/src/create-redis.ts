import { Cluster, Redis } from 'ioredis';

import { type OutageWatchOptions, watchOutages } from './outage-watch.ts';
import { parseRedisUrl, type RedisTarget } from './parse-redis-url.ts';
import { COMMAND_TIMEOUT_MS, type ConnectionSettings, toClusterOptions, toRedisOptions } from './redis-options.ts';

/** A connection to a Redis, a Sentinel's master or a Cluster. */
export type RedisClient = Redis | Cluster;

/** Says which Redis to use and how to report on it. */
export interface CreateRedisOptions extends OutageWatchOptions {
  /** As {@link parseRedisUrl} takes it. */
  readonly url: string;
  /** How long one command may take, in milliseconds. Default 500. */
  readonly commandTimeoutMs?: number;
}

/**
 * Creates a client that connects in the background and never gives up.
 *
 * While Redis is lost every command fails at once, and one that is under way fails within `commandTimeoutMs`; nothing is
 * queued and nothing is sent twice. Use {@link isRedisOutage} to tell such a failure from a wrong command. An outage is
 * logged once and shown by `gantry_redis_up{client}`. Close with {@link closeRedis}.
 *
 * @throws {AppError} INVALID_ARGUMENT REDIS_URL_INVALID.
 */
export function createRedis({ url, commandTimeoutMs = COMMAND_TIMEOUT_MS, ...watch }: CreateRedisOptions): RedisClient {
  const target = parseRedisUrl(url);
  const client = connect(target, { connectionName: `gantry:${watch.name}`, commandTimeoutMs });
  watchOutages(client, watch);
  return client;
}

/** Closes a client without waiting for commands under way; they fail. Closing twice is harmless. */
export function closeRedis(client: RedisClient): void {
  client.disconnect();
}

function connect(target: RedisTarget, settings: ConnectionSettings): RedisClient {
  if (target.kind === 'cluster') {
    const { nodes, options } = toClusterOptions(target, settings);
    return new Cluster(nodes, options);
  }
  return new Redis(toRedisOptions(target, settings));
}
