import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import type { Logger, Registry } from '@gantry/telemetry';

import { mergeExpositions } from './merge-expositions.ts';
import type { ReadinessMonitor } from './readiness.ts';

/** Probes and scrapers need a few connections; more come from a mistake. */
const CONNECTIONS_MAX = 64;
/** A probe sends one short GET. What has not arrived by then never will. */
const REQUEST_TIMEOUT_MS = 5000;
const HEADER_BYTES_MAX = 8 * 1024;

/** Says where the admin server listens and what it shows. */
export interface StartAdminServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly readiness: Pick<ReadinessMonitor, 'report'>;
  /** Read at each scrape, so that registries may be added later. */
  readonly registries: readonly Registry[];
  readonly logger: Logger;
}

/** Answers probes and scrapes until disposed. */
export interface AdminServer extends AsyncDisposable {
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
}

/**
 * Starts the HTTP server for operators.
 *
 * `GET /livez` is 200 while the event loop turns. `GET /readyz` is 200 or 503 with each check as JSON. `GET /metrics` is
 * the Prometheus text of all registries. At most 64 connections are open at once; more are closed.
 *
 * @throws {Error} EADDRINUSE and the like, when it cannot listen.
 */
export async function startAdminServer(options: StartAdminServerOptions): Promise<AdminServer> {
  const { host, logger } = options;
  const server = createServer({
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(options, request)
      .catch((error: unknown) => {
        logger.error({ err: error, path: request.url }, 'admin request failed');
        return plain(500, 'internal error\n');
      })
      .then((reply) => send(request, response, reply))
      .catch((error: unknown) => logger.debug({ err: error }, 'admin reply was not sent'));
  });
  server.listen({ host, port: options.port });
  await once(server, 'listening');
  const port = boundPort(server);
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    [Symbol.asyncDispose]: () => close(server),
  };
}

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

async function answer(options: StartAdminServerOptions, request: IncomingMessage): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'use GET\n');
  switch (request.url?.split('?', 1)[0]) {
    case '/livez':
      return plain(200, 'ok\n');
    case '/readyz': {
      const { isReady, ...report } = await options.readiness.report();
      return {
        status: isReady ? 200 : 503,
        contentType: 'application/json',
        body: `${JSON.stringify(report, undefined, 2)}\n`,
      };
    }
    case '/metrics': {
      const texts = await Promise.all(options.registries.map((registry) => registry.metrics()));
      return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: mergeExpositions(texts) };
    }
    default:
      return plain(404, 'not found: there are /livez, /readyz and /metrics\n');
  }
}

function plain(status: number, body: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function send(request: IncomingMessage, response: ServerResponse, { status, contentType, body }: Reply): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the admin server has no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
