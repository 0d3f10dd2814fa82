import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

import { isAppError } from '@gantry/errors';
import type { Clock, Logger } from '@gantry/telemetry';
import { type WebSocket, WebSocketServer } from 'ws';

import type { ResourceClient } from '../clients/backends.ts';
import type { Identity } from '../clients/credential-cache.ts';
import { BODY_BYTES_MAX } from '../json-rpc/parse-body.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { ConnectionLoad } from './connection-load.ts';
import type { ConnectionSet } from './connection-set.ts';
import { dialectOfRequest, pathOf, toHttpArrival } from './http-arrival.ts';
import { toHttpBytes, toHttpResponse } from './http-response.ts';
import type { OriginPolicy } from './origin.ts';
import { createWebSocketConnection } from './websocket-connection.ts';

/** How long a peer has to answer a close. */
const CLOSE_TIMEOUT_MS = 1_000;

/** JSON of 4 MiB in the fragments that clients make of it, 64 KiB and up, and then some. */
const FRAGMENTS_MAX = 1_024;

/** What the WebSocket edge needs. */
export interface WebSocketEdgeOptions {
  readonly server: Server;
  readonly pipeline: Pipeline;
  readonly resources: Pick<ResourceClient, 'watchResource'>;
  readonly metrics: Pick<GatewayMetrics, 'activeConnections'>;
  readonly connections: ConnectionSet;
  readonly load: ConnectionLoad;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly origins: OriginPolicy;
  readonly requestTimeoutMs: number;
}

/** Serves `GET /ws` on a server. */
export function serveWebSockets(options: WebSocketEdgeOptions): void {
  const { server, metrics, connections } = options;
  const sockets = new WebSocketServer(serverOptions);

  server.on('upgrade', (request, socket, head) => {
    // Until ws has taken over, a socket that breaks is nobody else's to notice.
    const ignore = () => undefined;
    socket.on('error', ignore);
    const upgrade: Upgrade = { request, socket, head };
    if (connections.isDraining || pathOf(request) !== '/ws') return refuse(upgrade, notFound);
    return void admit(upgrade, options).then((admitted) => {
      if (admitted === undefined || socket.destroyed) return;
      socket.off('error', ignore);
      sockets.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, admitted));
    });
  });

  const open = (socket: WebSocket, { arrival, identity }: Admitted) => {
    const { credentialId } = identity.principal;
    const connection = createWebSocketConnection({ ...options, ...arrival, socket, credentialId });
    // It has come as an HTTP connection, and the end of its socket will be counted as one.
    metrics.activeConnections.dec({ transport: 'http' });
    metrics.activeConnections.inc({ transport: 'websocket' });
    socket.once('close', () => {
      connections.delete(connection);
      metrics.activeConnections.dec({ transport: 'websocket' });
      metrics.activeConnections.inc({ transport: 'http' });
    });
    connections.add(connection);
  };
}

// @types/ws 8.18 does not know closeTimeout and maxFragments of ws 8.20 yet; a variable may have more than the type.
const serverOptions = {
  noServer: true,
  clientTracking: false,
  maxPayload: BODY_BYTES_MAX,
  perMessageDeflate: false,
  maxFragments: FRAGMENTS_MAX,
  closeTimeout: CLOSE_TIMEOUT_MS,
  skipUTF8Validation: false,
};

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

interface Admitted {
  readonly arrival: Arrival;
  readonly identity: Identity;
}

const notFound = { status: 404, headers: {}, text: JSON.stringify({ error: 'the WebSocket endpoint is GET /ws' }) };

/** Checks origin, version and credential. Answers and returns undefined when one of them will not do. */
async function admit(upgrade: Upgrade, options: WebSocketEdgeOptions): Promise<Admitted | undefined> {
  const { request } = upgrade;
  const facts = { ...options, transport: 'websocket', requestId: randomUUID(), signal: undefined } as const;
  let arrival = toHttpArrival(request, { ...facts, dialect: 'native' });
  try {
    options.origins.check(request);
    arrival = toHttpArrival(request, { ...facts, dialect: dialectOfRequest(request) });
    return { arrival, identity: await options.pipeline.identify(arrival) };
  } catch (error) {
    const response = toHttpResponse(options.pipeline.refuse(error, arrival));
    // There is no result to say it in: a connection that was not made has a status only.
    const isOutage = isAppError(error) && response.status === 200;
    refuse(upgrade, isOutage ? { ...response, status: 503 } : response);
    return undefined;
  }
}

function refuse({ socket }: Upgrade, response: Parameters<typeof toHttpBytes>[0]): void {
  socket.end(toHttpBytes(response));
  socket.once('finish', () => socket.destroy());
}
