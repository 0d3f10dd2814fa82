import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { isAppError } from '@gantry/errors';
import type { Clock, Logger } from '@gantry/telemetry';

import type { Identity } from '../clients/credential-cache.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import type { Answer, Pipeline } from '../pipeline/pipeline.ts';
import type { BodyBudget } from './body-budget.ts';
import { cutUnread } from './cut-unread.ts';
import { dialectHintOf, pathOf, toHttpArrival } from './http-arrival.ts';
import type { HttpDrain } from './http-drain.ts';
import { type HttpResponse, plainResponse, toHttpResponse } from './http-response.ts';
import { endWhenSent } from './linger.ts';
import { READER_STUCK_MS } from './message-connection.ts';
import type { Exchange } from './open-exchanges.ts';
import type { OriginPolicy } from './origin.ts';
import { checkContentType, readBody } from './read-body.ts';
import { receive } from './receive.ts';

/** While auth cannot be asked, a body of this length is read without knowing whose it is: its answer must have its id. */
const UNIDENTIFIED_BODY_BYTES_MAX = 64 * 1024;

/** Whose bodies those are, for the budget. */
const UNIDENTIFIED = '';

const notFound = plainResponse(404, 'there is nothing here; the endpoints are POST /mcp and GET /ws');
const methodNotAllowed = {
  ...plainResponse(405, 'send requests as POST; there is no stream to GET and no session to DELETE'),
  headers: { allow: 'POST' },
};

/** What requests are served with. */
export interface ServeOptions {
  readonly pipeline: Pipeline;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly origins: OriginPolicy;
  readonly bodies: BodyBudget;
  readonly drain: Pick<HttpDrain, 'isDraining'>;
  readonly requestTimeoutMs: number;
  /** How long a client may take nothing of its answer, in milliseconds. Default 10,000. */
  readonly readerStuckMs?: number | undefined;
}

/**
 * One request, from its headers to its response. Each step goes on with the next one at once when it can: that is the path
 * of nearly every request, and a promise between the steps would cost more than some of them.
 */
export class ServedRequest {
  readonly #exchange: Exchange;
  readonly #options: ServeOptions;
  readonly #requestId = randomUUID();
  readonly #arrival: Arrival;

  constructor(exchange: Exchange, options: ServeOptions) {
    this.#exchange = exchange;
    this.#options = options;
    const { clock, requestTimeoutMs } = options;
    const dialect = dialectHintOf(exchange.request);
    // A client that hangs up has cancelled; in MCP before 2026-07-28 it has not.
    const signal = dialect === 'legacy' ? undefined : exchange.abandoned;
    const facts = { transport: 'http', dialect, requestId: this.#requestId, signal, clock, requestTimeoutMs } as const;
    this.#arrival = toHttpArrival(exchange.request, facts);
  }

  serve(): void {
    const { request } = this.#exchange;
    if (pathOf(request) !== '/mcp') this.#send(notFound, false);
    else if (request.method !== 'POST') this.#send(methodNotAllowed, false);
    else this.#attempt(this.#identify);
  }

  /** Establishes whose body it is before any of it is read. */
  readonly #identify = (): void => {
    this.#options.origins.check(this.#exchange.request);
    let identity: Identity | Promise<Identity>;
    try {
      identity = this.#options.pipeline.identify(this.#arrival);
    } catch (error) {
      return this.#readUnidentified(error);
    }
    if (!(identity instanceof Promise)) return this.#read(identity.principal.credentialId);
    identity.then(
      ({ principal }) => this.#attempt(() => this.#read(principal.credentialId)),
      (error: unknown) => this.#attempt(() => this.#readUnidentified(error)),
    );
  };

  /** Reads a short body of somebody who could not be asked for: it is tried again when the body is there. */
  #readUnidentified(error: unknown): void {
    const { 'content-length': length } = this.#exchange.request.headers;
    const isShort = length !== undefined && Number(length) <= UNIDENTIFIED_BODY_BYTES_MAX;
    if (!isAppError(error) || error.code === 'UNAUTHENTICATED' || !isShort) throw error;
    this.#read(UNIDENTIFIED);
  }

  #read(credentialId: string): void {
    const { request, response } = this.#exchange;
    checkContentType(request);
    const share = this.#options.bodies.open(credentialId);
    this.#exchange.holds(share);
    if (expectsContinue(request)) response.writeContinue();
    readBody(request, share, this);
  }

  /** Takes the body. */
  received(body: Uint8Array): void {
    const answer = receive(this.#options.pipeline, { input: body, arrival: this.#arrival });
    if (answer instanceof Promise) answer.then(this.#answer, this.#fail);
    else this.#answer(answer);
  }

  /** Hears that the body could not be read. */
  failed(error: unknown): void {
    this.#fail(error);
  }

  readonly #answer = (answer: Answer): void => {
    this.#attempt(() => {
      const reply = toHttpResponse(answer);
      this.#send(reply, reply.status !== 401);
    });
  };

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #fail = (error: unknown): void => {
    if (isAppError(error)) {
      const reply = toHttpResponse(this.#options.pipeline.refuse(error, this.#arrival));
      // There is no id to say it to: a client that does not know its request failed would wait for an answer.
      return this.#send(reply.status === 200 ? { ...reply, status: 503 } : reply, false);
    }
    // The client went away while it was sending.
    this.#options.logger.debug({ err: error, requestId: this.#requestId }, 'a request was not received whole');
    this.#exchange.response.destroy();
  };

  /** Sends the response. `isWelcome`: whether whoever asked is known, and may send more. */
  #send(reply: HttpResponse, isWelcome: boolean): void {
    const { request, response } = this.#exchange;
    this.#exchange.release();
    // A connection is kept for those who are known; what is left of a body makes it useless.
    if (this.#options.drain.isDraining || !isWelcome || !request.complete) response.shouldKeepAlive = false;
    if (response.destroyed) return;
    const { status, headers, text = '' } = reply;
    const length = Buffer.byteLength(text);
    const own =
      text === ''
        ? { 'x-request-id': this.#requestId, 'content-length': length }
        : { 'x-request-id': this.#requestId, 'content-type': 'application/json', 'content-length': length };
    response.writeHead(status, Object.assign(own, headers));
    // Whoever was not told to go on does not.
    if (request.complete || expectsContinue(request)) response.end(text);
    else {
      response.write(text);
      endWhenSent(request, response);
    }
    cutUnread(response, this.#options.readerStuckMs ?? READER_STUCK_MS);
  }
}

function expectsContinue({ headers }: IncomingMessage): boolean {
  return headers.expect?.toLowerCase() === '100-continue';
}
