import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import { isAppError } from '@gantry/errors';
import type { Clock, Logger } from '@gantry/telemetry';

import type { Dialect } from '../json-rpc/dialect.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { dialectOfRequest, pathOf, toHttpArrival } from './http-arrival.ts';
import { type HttpResponse, toHttpResponse } from './http-response.ts';
import { checkOrigin } from './origin.ts';
import { readBody } from './read-body.ts';
import { receive } from './receive.ts';

/** What the HTTP edge needs. */
export interface HttpEdgeOptions {
  readonly server: Server;
  readonly pipeline: Pipeline;
  readonly metrics: Pick<GatewayMetrics, 'activeConnections'>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly requestTimeoutMs: number;
}

/** `POST /mcp`. */
export interface HttpEdge {
  /** Takes no more connections; resolves when every one is closed, each after the request it is on. */
  drain(): Promise<void>;
}

const notFound = plainResponse(404, 'there is nothing here; the endpoints are POST /mcp and GET /ws');
const methodNotAllowed = {
  ...plainResponse(405, 'send requests as POST; there is no stream to GET and no session to DELETE'),
  headers: { allow: 'POST' },
};

/** Serves `POST /mcp` on a server. */
export function createHttpEdge(options: HttpEdgeOptions): HttpEdge {
  const { server, metrics } = options;
  let isDraining = false;
  let active = 0;
  const closeIdle = () => {
    // Node's own closing of idle connections leaves those that have not sent a request yet.
    if (isDraining && active === 0) server.closeAllConnections();
  };
  server.on('connection', (socket) => {
    metrics.activeConnections.inc({ transport: 'http' });
    socket.once('close', () => metrics.activeConnections.dec({ transport: 'http' }));
  });
  server.on('request', (request, response) => {
    const requestId = randomUUID();
    active += 1;
    response.once('close', () => {
      active -= 1;
      closeIdle();
    });
    serve(request, response, { ...options, requestId }).then(
      (answer) => {
        if (isDraining) response.shouldKeepAlive = false;
        send(response, answer, requestId);
      },
      // The client went away while it was sending.
      (error: unknown) => {
        options.logger.debug({ err: error, requestId }, 'a request was not received whole');
        response.destroy();
      },
    );
  });
  return {
    drain: () =>
      new Promise((resolve) => {
        isDraining = true;
        server.close(() => resolve());
        closeIdle();
      }),
  };
}

interface ServeOptions extends HttpEdgeOptions {
  readonly requestId: string;
}

async function serve(request: IncomingMessage, response: ServerResponse, options: ServeOptions): Promise<HttpResponse> {
  if (pathOf(request) !== '/mcp') return notFound;
  if (request.method !== 'POST') return methodNotAllowed;
  const { pipeline } = options;
  const facts = { ...options, transport: 'http' } as const;
  let dialect: Dialect = 'native';
  let input: Uint8Array;
  try {
    checkOrigin(request, options.allowedOrigins);
    dialect = dialectOfRequest(request);
    input = await readBody(request);
  } catch (error) {
    if (!isAppError(error)) throw error;
    // What is left of the body is not read: the connection cannot be used again.
    if (!request.complete) response.shouldKeepAlive = false;
    return toHttpResponse(pipeline.refuse(error, toHttpArrival(request, { ...facts, dialect, signal: undefined })));
  }
  const signal = dialect === 'native' ? whenAbandoned(response) : undefined;
  const arrival = toHttpArrival(request, { ...facts, dialect, signal });
  const answer = await receive(pipeline, { input, arrival });
  return toHttpResponse(answer);
}

/** In the native dialect a client that hangs up has cancelled; in MCP before 2026-07-28 it has not. */
function whenAbandoned(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

function send(response: ServerResponse, { status, headers, text }: HttpResponse, requestId: string): void {
  if (response.destroyed) return;
  const common = { ...headers, 'x-request-id': requestId };
  if (text === undefined) {
    response.writeHead(status, { ...common, 'content-length': 0 }).end();
    return;
  }
  const length = Buffer.byteLength(text);
  response.writeHead(status, { ...common, 'content-type': 'application/json', 'content-length': length }).end(text);
}

function plainResponse(status: number, message: string): HttpResponse {
  return { status, headers: {}, text: JSON.stringify({ error: message }) };
}
