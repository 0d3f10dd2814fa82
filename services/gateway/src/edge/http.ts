import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import { isAppError } from '@gantry/errors';
import type { Clock, Logger } from '@gantry/telemetry';

import type { GatewayMetrics } from '../metrics.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import type { Answer, Pipeline } from '../pipeline/pipeline.ts';
import { type Eventual, proceed, settle } from '../pipeline/settle.ts';
import type { BodyBudget } from './body-budget.ts';
import { answerUnreadable } from './client-error.ts';
import { cutUnread } from './cut-unread.ts';
import { dialectHintOf, pathOf, toHttpArrival } from './http-arrival.ts';
import { HttpDrain } from './http-drain.ts';
import { type HttpResponse, plainResponse, toHttpResponse } from './http-response.ts';
import { endWhenSent } from './linger.ts';
import { READER_STUCK_MS } from './message-connection.ts';
import { Exchange, OpenExchanges } from './open-exchanges.ts';
import type { OriginPolicy } from './origin.ts';
import { checkContentType, readBody } from './read-body.ts';
import { receive } from './receive.ts';

/** While auth cannot be asked, a body of this length is read without knowing whose it is: its answer must have its id. */
const UNIDENTIFIED_BODY_BYTES_MAX = 64 * 1024;

/** Whose bodies those are, for the budget. */
const UNIDENTIFIED = '';

/** What the HTTP edge needs. */
export interface HttpEdgeOptions {
  readonly server: Server;
  readonly pipeline: Pipeline;
  readonly metrics: Pick<GatewayMetrics, 'activeConnections' | 'unreadableRequests'>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly origins: OriginPolicy;
  readonly bodies: BodyBudget;
  readonly requestTimeoutMs: number;
  /** Default 10,000. */
  readonly readerStuckMs?: number | undefined;
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

const notFound = plainResponse(404, 'there is nothing here; the endpoints are POST /mcp and GET /ws');
const methodNotAllowed = {
  ...plainResponse(405, 'send requests as POST; there is no stream to GET and no session to DELETE'),
  headers: { allow: 'POST' },
};

/** Serves `POST /mcp` on a server. */
export function createHttpEdge(options: HttpEdgeOptions): HttpEdge {
  const { server, metrics } = options;
  const active = new OpenExchanges();
  const drain = new HttpDrain(server, active);
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const exchange = new Exchange(request, response);
    active.add(exchange);
    if (drain.isDraining) drain.limitArrival(exchange);
    response.once('close', () => {
      exchange.close();
      active.delete(exchange);
      drain.ended();
    });
    answer(exchange, options, drain);
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

/** Serves one request. */
function answer(exchange: Exchange, options: HttpEdgeOptions, drain: HttpDrain): void {
  const { request, response } = exchange;
  const requestId = randomUUID();
  const send = ({ reply, isWelcome }: Served) => {
    // A connection is kept for those who are known; what is left of a body makes it useless.
    if (drain.isDraining || !isWelcome || !request.complete) response.shouldKeepAlive = false;
    respond(exchange, reply, requestId);
    cutUnread(response, options.readerStuckMs ?? READER_STUCK_MS);
  };
  const giveUp = (error: unknown) => {
    // The client went away while it was sending.
    options.logger.debug({ err: error, requestId }, 'a request was not received whole');
    response.destroy();
  };
  const sent = settle(() => serve(exchange, { ...options, requestId }), { onValue: send, onThrown: giveUp });
  if (sent instanceof Promise) sent.catch(giveUp);
}

interface ServeOptions extends HttpEdgeOptions {
  readonly requestId: string;
}

/** What a request comes to. */
interface Served {
  readonly reply: HttpResponse;
  /** Whether whoever sent it is known, and may send more. */
  readonly isWelcome: boolean;
}

function serve(exchange: Exchange, options: ServeOptions): Eventual<Served> {
  const { request } = exchange;
  if (pathOf(request) !== '/mcp') return { reply: notFound, isWelcome: false };
  if (request.method !== 'POST') return { reply: methodNotAllowed, isWelcome: false };
  const { pipeline, requestId, clock, requestTimeoutMs } = options;
  const dialect = dialectHintOf(request);
  // A client that hangs up has cancelled; in MCP before 2026-07-28 it has not.
  const signal = dialect === 'legacy' ? undefined : exchange.abandoned;
  const arrival = toHttpArrival(request, { transport: 'http', dialect, requestId, signal, clock, requestTimeoutMs });
  return settle(() => admit(exchange, arrival, options), {
    onValue: toServed,
    onThrown: (error) => toRefused(error, arrival, pipeline),
  });
}

function toServed(answered: Answer): Served {
  const reply = toHttpResponse(answered);
  return { reply, isWelcome: reply.status !== 401 };
}

function toRefused(error: unknown, arrival: Arrival, pipeline: Pipeline): Served {
  if (!isAppError(error)) throw error;
  const reply = toHttpResponse(pipeline.refuse(error, arrival));
  // There is no id to say it to: a client that does not know its request failed would wait for an answer.
  return { reply: reply.status === 200 ? { ...reply, status: 503 } : reply, isWelcome: false };
}

/** Reads the body of whoever may send one, and answers it. */
function admit(exchange: Exchange, arrival: Arrival, options: ServeOptions): Eventual<Answer> {
  const { request, response } = exchange;
  const { pipeline, bodies, origins } = options;
  origins.check(request);
  return proceed(identify(request, arrival, pipeline), (credentialId) => {
    checkContentType(request);
    const share = bodies.open(credentialId);
    exchange.holds(share);
    if (expectsContinue(request)) response.writeContinue();
    return readBody(request, share).then((input) => receive(pipeline, { input, arrival }));
  });
}

/** Establishes whose body it is before any of it is read, and returns the credential. */
function identify(request: IncomingMessage, arrival: Arrival, pipeline: Pipeline): Eventual<string> {
  return settle(() => pipeline.identify(arrival), {
    onValue: ({ principal }) => principal.credentialId,
    onThrown(error) {
      const { 'content-length': length } = request.headers;
      const isShort = length !== undefined && Number(length) <= UNIDENTIFIED_BODY_BYTES_MAX;
      // It is asked again when the body is there.
      if (isAppError(error) && error.code !== 'UNAUTHENTICATED' && isShort) return UNIDENTIFIED;
      throw error;
    },
  });
}

function respond(
  { request, response }: Exchange,
  { status, headers, text = '' }: HttpResponse,
  requestId: string,
): void {
  if (response.destroyed) return;
  const length = Buffer.byteLength(text);
  const own =
    text === ''
      ? { 'x-request-id': requestId, 'content-length': length }
      : { 'x-request-id': requestId, 'content-type': 'application/json', 'content-length': length };
  response.writeHead(status, Object.assign(own, headers));
  // Whoever was not told to go on does not.
  if (request.complete || expectsContinue(request)) {
    response.end(text);
    return;
  }
  response.write(text);
  endWhenSent(request, response);
}

function expectsContinue({ headers }: IncomingMessage): boolean {
  return headers.expect?.toLowerCase() === '100-continue';
}
