import { Redis } from 'ioredis';

import type { CreateRedisOptions } from './create-redis.ts';
import { watchOutages } from './outage-watch.ts';
import { parseRedisUrl, type RedisNode, type RedisTarget } from './parse-redis-url.ts';
import { reconnectDelayMs } from './reconnect-backoff.ts';
import { COMMAND_TIMEOUT_MS, type ConnectionSettings, toNodeOptions, toRedisOptions } from './redis-options.ts';

/** A silent subscriber cannot tell a quiet topic from a dead peer; with the socket timeout this finds out within 10 s. */
const HEARTBEAT_MS = 5_000;

/**
 * Creates one plain connection for SUBSCRIBE, whatever the kind of Redis.
 *
 * A Cluster passes every message to all its nodes, so one connection to any of them hears everything; after a loss the
 * next host of the URL is tried. It does **not** resubscribe by itself: listen for `ready`, subscribe, and treat what
 * happened before as missed. Pings the server every 5 s so that a peer that vanished silently is noticed.
 *
 * @throws {AppError} INVALID_ARGUMENT REDIS_URL_INVALID.
 */
export function createRedisSubscriber({
  url,
  commandTimeoutMs = COMMAND_TIMEOUT_MS,
  ...watch
}: CreateRedisOptions): Redis {
  const settings = { connectionName: `gantry:${watch.name}`, commandTimeoutMs };
  const subscriber = connect(parseRedisUrl(url), settings);
  watchOutages(subscriber, watch);
  startHeartbeat(subscriber);
  return subscriber;
}

function connect(target: RedisTarget, settings: ConnectionSettings): Redis {
  if (target.kind !== 'cluster') {
    return new Redis({ ...toRedisOptions(target, settings), autoResubscribe: false });
  }
  // A URL has at least one host; the parser guarantees it.
  const [first = { host: '127.0.0.1', port: 6379 }] = target.nodes;
  const subscriber: Redis = new Redis({
    ...toNodeOptions(target, first, settings),
    autoResubscribe: false,
    retryStrategy: (attempt: number) => {
      Object.assign(subscriber.options, nodeAt(target.nodes, attempt));
      return reconnectDelayMs(attempt);
    },
  });
  return subscriber;
}

// The connector reads host and port from the options at each connect, so changing them moves the connection.
function nodeAt(nodes: readonly RedisNode[], attempt: number): Partial<RedisNode> {
  return nodes[attempt % nodes.length] ?? {};
}

function startHeartbeat(subscriber: Redis): void {
  const timer = setInterval(() => {
    if (subscriber.status === 'ready') {
      // The socket timeout acts on a missing answer; the failed ping itself says nothing new.
      subscriber.ping().catch(() => undefined);
    }
  }, HEARTBEAT_MS);
  timer.unref();
  subscriber.once('end', () => clearInterval(timer));
}
