import type { Logger, Registry } from '@gantry/telemetry';
import type { Pool } from 'pg';

import { OrderlyPool } from './orderly-pool.ts';
import { observePool } from './pool-metrics.ts';
import { errorCode } from './sql-state.ts';

/** Describes a pool. */
export interface CreatePoolOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly connectionString: string;
  /** Names the service in `pg_stat_activity`, in metrics and in logs. */
  readonly applicationName: string;
  /** Most connections open at once. Default 10: a pool for each of the five services uses half of Postgres's default of 100. */
  readonly maxConnections?: number;
  /** Longest time one statement may run, in milliseconds. Default 10,000. Enforced by the server, and by the client a little later. */
  readonly queryTimeoutMs?: number;
  /** Longest wait for a connection, in milliseconds: to open one or to be given one. Default 2,000. */
  readonly connectionTimeoutMs?: number;
  readonly logger: Logger;
  readonly metrics: Registry;
}

const MAX_CONNECTIONS_DEFAULT = 10;
const QUERY_TIMEOUT_MS_DEFAULT = 10_000;
// A caller's whole deadline is a few seconds; beyond this it is better told than kept.
const CONNECTION_TIMEOUT_MS_DEFAULT = 2_000;
// The client waits a little longer than the server, so that it is the server that ends a slow statement and the connection stays usable.
const CLIENT_GRACE_MS = 1_000;
// Connections are given back to Postgres in quiet times.
const IDLE_TIMEOUT_MS = 30_000;
// Old connections are replaced now and then, so that they follow a DNS change and spread again after a failover.
const MAX_LIFETIME_SECONDS = 1_800;
// A transaction that waits for its client holds locks that others wait for. Ours never do anything else between statements.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;

/**
 * Creates a pool of connections. Nothing connects until the first query, so a service starts while Postgres is down.
 *
 * An idle connection that is lost is logged and replaced; it never crashes the process. Close the pool with `pool.end()`,
 * which returns once its connections are closed.
 */
export function createPool(options: CreatePoolOptions): Pool {
  const { applicationName, logger, queryTimeoutMs = QUERY_TIMEOUT_MS_DEFAULT } = options;
  const pool = new OrderlyPool({
    connectionString: options.connectionString,
    application_name: applicationName,
    max: options.maxConnections ?? MAX_CONNECTIONS_DEFAULT,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? CONNECTION_TIMEOUT_MS_DEFAULT,
    statement_timeout: queryTimeoutMs,
    query_timeout: queryTimeoutMs + CLIENT_GRACE_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
    keepAlive: true,
    allowExitOnIdle: false,
  });
  const metrics = observePool(pool, applicationName, options.metrics);
  pool.on('error', (error) => {
    // A server that stops closes the connections that are being closed anyway.
    if (pool.ending) return;
    metrics.countIdleError();
    logger.warn({ err: factsOf(error), pool: applicationName }, 'idle postgres connection was lost');
  });
  pool.on('connect', (client) => {
    // A connection lost while it is lent out fails the query that uses it. Without a listener it would also end the process.
    client.on('error', (error) =>
      logger.debug({ err: factsOf(error), pool: applicationName }, 'postgres connection was lost'),
    );
  });
  return pool;
}

/** pg puts the whole client on such an error, and its stack is that of a socket's event. */
function factsOf(error: Error): { readonly message: string; readonly code: string | undefined } {
  return { message: error.message, code: errorCode(error) };
}
