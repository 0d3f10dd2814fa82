import { createServer, type Server } from 'node:http';

import { AppError } from '@gantry/errors';

import type { Config } from '../config.ts';

/** A request line and headers of 16 KiB hold any key, and no attack. */
const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 100;

/** How long a client may take, in milliseconds. */
interface HttpTimeouts {
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often connections are checked for both. */
  readonly checkingMs: number;
}

/** A client on a slow line sends headers within ten seconds and 4 MiB within thirty; slower ones hold a connection for nothing. */
const TIMEOUTS: HttpTimeouts = { headersMs: 10_000, requestMs: 30_000, checkingMs: 5_000 };

/** Longer than the minute that load balancers keep idle connections, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** Creates the HTTP server with its limits; nothing is listening yet. */
export function createHttpServer(
  { connectionsMax }: Pick<Config['http'], 'connectionsMax'>,
  timeouts = TIMEOUTS,
): Server {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    connectionsCheckingInterval: timeouts.checkingMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requireHostHeader: true,
    insecureHTTPParser: false,
    noDelay: true,
    // Other upgrades, such as curl's to HTTP/2, are offers that may be ignored.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  });
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = connectionsMax;
  return server;
}

/**
 * Starts listening and returns the port.
 *
 * @throws {AppError} ADDRESS_UNAVAILABLE.
 */
export function listen(server: Server, { host, port, reusePort }: Config['http']): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error) =>
      reject(
        new AppError({
          code: 'FAILED_PRECONDITION',
          reason: 'ADDRESS_UNAVAILABLE',
          domain: 'gateway',
          message: `cannot listen on ${host}:${port}; is something else using it?`,
          cause,
        }),
      );
    server.once('error', refuse);
    server.listen({ host, port, reusePort }, () => {
      server.off('error', refuse);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
