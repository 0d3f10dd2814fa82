import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis';

import type { RedisNode, RedisTarget } from './parse-redis-url.ts';
import { reconnectDelayMs } from './reconnect-backoff.ts';

/** No request waits longer for Redis than this, because everything in Redis has a local substitute. */
export const COMMAND_TIMEOUT_MS = 500;
/** A healthy TCP and TLS connect takes milliseconds; two seconds leave room for one lost SYN. */
const CONNECT_TIMEOUT_MS = 2_000;
/** A socket that owes answers for this long is dead (its peer vanished without a reset): it is replaced. */
const SOCKET_TIMEOUT_MS = 5_000;
/** A slot that moved answers at the second try; more would outlast the command timeout. */
const REDIRECTIONS_MAX = 4;
const REDIRECT_DELAY_MS = 50;
/** How often a Cluster's slot table is read again, so that a new node is used before a redirection tells. */
const SLOTS_REFRESH_MS = 30_000;

/** Options of ioredis with the shape of replies fixed to the one that RESP2 and RESP3 share. */
export type ConnectionOptions = RedisOptions & { replyMapping: 'legacy' };

/** Options of one client that do not come from the URL. */
export interface ConnectionSettings {
  readonly connectionName: string;
  readonly commandTimeoutMs: number;
}

/** Translates a standalone or Sentinel target into the options of an ioredis `Redis`. */
export function toRedisOptions(
  target: Exclude<RedisTarget, { kind: 'cluster' }>,
  settings: ConnectionSettings,
): ConnectionOptions {
  const common = { ...connectionOptions(target, settings), db: target.db };
  if (target.kind === 'standalone') {
    return { ...common, host: target.node.host, port: target.node.port };
  }
  return {
    ...common,
    sentinels: [...target.sentinels],
    name: target.masterName,
    sentinelRetryStrategy: (attempt) => reconnectDelayMs(attempt),
    sentinelCommandTimeout: settings.commandTimeoutMs,
    failoverDetector: true,
    ...(target.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  };
}

/** Translates a Cluster target into the arguments of an ioredis `Cluster`. */
export function toClusterOptions(
  target: Extract<RedisTarget, { kind: 'cluster' }>,
  settings: ConnectionSettings,
): { readonly nodes: ClusterNode[]; readonly options: ClusterOptions & { redisOptions: ConnectionOptions } } {
  return {
    nodes: target.nodes.map(({ host, port }) => ({ host, port })),
    options: {
      clusterRetryStrategy: (attempt) => reconnectDelayMs(attempt),
      enableOfflineQueue: false,
      enableReadyCheck: true,
      maxRedirections: REDIRECTIONS_MAX,
      retryDelayOnFailover: REDIRECT_DELAY_MS,
      retryDelayOnClusterDown: REDIRECT_DELAY_MS,
      retryDelayOnTryAgain: REDIRECT_DELAY_MS,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      // The certificate names hosts, so a Cluster over TLS must not be reached by the addresses they resolve to.
      ...(target.tls ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
      redisOptions: connectionOptions(target, settings),
    },
  };
}

/** Options for one plain connection to one node of a Cluster, as a subscriber needs it. */
export function toNodeOptions(target: RedisTarget, node: RedisNode, settings: ConnectionSettings): ConnectionOptions {
  return { ...connectionOptions(target, settings), host: node.host, port: node.port };
}

function connectionOptions(target: RedisTarget, settings: ConnectionSettings): ConnectionOptions {
  return {
    replyMapping: 'legacy',
    connectionName: settings.connectionName,
    commandTimeout: settings.commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: (attempt) => reconnectDelayMs(attempt),
    // A lost Redis answers at once with an error; waiting is the caller's choice, not the client's.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A command whose connection died may have run; running a script twice would take two tokens.
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: true,
    // After a failover behind one address the old primary answers READONLY: only a new connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
  };
}
