import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import type { GatewayMetrics } from '../metrics.ts';
import { answerUnreadable } from './client-error.ts';
import { HttpDrain } from './http-drain.ts';
import { Exchange, OpenExchanges } from './open-exchanges.ts';
import { ServedRequest, type ServeOptions } from './served-request.ts';

/** What the HTTP edge needs. */
export interface HttpEdgeOptions extends Omit<ServeOptions, 'drain'> {
  readonly server: Server;
  readonly metrics: Pick<GatewayMetrics, 'activeConnections' | 'unreadableRequests'>;
}

/** `POST /mcp`. */
export interface HttpEdge {
  /** Bytes of answers that were sent and that clients have not taken. */
  readonly unsentBytes: number;
  /**
   * Answers what comes for a moment more, then takes no more connections; resolves when every one is closed, each after the
   * request it is on. What does not arrive whole within a second is no request: its connection is cut.
   */
  drain(): Promise<void>;
}

/** Serves `POST /mcp` on a server. */
export function createHttpEdge(options: HttpEdgeOptions): HttpEdge {
  const { server, metrics } = options;
  const active = new OpenExchanges();
  const drain = new HttpDrain(server, active);
  const serveOptions = { ...options, drain };
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const exchange = new Exchange(request, response);
    active.add(exchange);
    if (drain.isDraining) drain.limitArrival(exchange);
    response.once('close', () => {
      exchange.close();
      active.delete(exchange);
      drain.ended();
    });
    new ServedRequest(exchange, serveOptions).serve();
  };
  server.on('connection', (socket) => {
    metrics.activeConnections.inc({ transport: 'http' });
    socket.once('close', () => metrics.activeConnections.dec({ transport: 'http' }));
  });
  server.on('request', handle);
  // Whoever asks before it sends is told to go on when it is known who it is.
  server.on('checkContinue', handle);
  server.on('clientError', (error, socket) => {
    const isAnswering = [...active].some(({ request, response }) => request.socket === socket && response.headersSent);
    answerUnreadable(error, { socket, isAnswering, metrics });
  });
  return {
    drain: () => drain.start(),
    get unsentBytes() {
      return [...active].reduce((sum, { response }) => sum + response.writableLength, 0);
    },
  };
}
