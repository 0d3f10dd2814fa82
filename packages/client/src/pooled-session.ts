import { type Client } from '@grpc/grpc-js';

import { messageTooLarge, notOpenedInTime, queueFull, sessionClosed, type SessionError, timedOut } from './errors.ts';
import { PendingRequest } from './pending-request.ts';
import { RequestQueue } from './request-queue.ts';
import { answerRequest } from './server-requests.ts';
import { SessionStream, type StreamHost } from './session-stream.ts';
import type {
  NotificationListener,
  RequestHandler,
  RequestOptions,
  Session,
  SessionState,
  StateListener,
} from './session.ts';
import type { StreamEnd } from './stream-end.ts';

/** As mcp_service.proto says. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** What the envelope of a request takes besides its method and parameters, and then some. */
const ENVELOPE_BYTES = 100;

/** What a UTF-16 code unit may take in UTF-8, and a control character in JSON. */
const BYTES_PER_CHARACTER_MAX = 6;

/** What waiting requests may hold together, in characters. */
const QUEUED_SIZE_MAX = 64 * 1024 * 1024;

/** How long close() waits for what is in flight. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Methods that are about the stream they come on go to the first, so that those that belong together meet. */
const streamMethods: ReadonlySet<string> = new Set(['initialize', 'resources/subscribe', 'resources/unsubscribe']);

/** What a session over several streams needs. */
export interface PooledSessionOptions {
  /** One a stream: each has a connection of its own. */
  readonly clients: readonly Client[];
  /** Where they connect to, for messages. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly inFlightMax: number;
  readonly queuedMax: number;
}

/** A session over one stream or several: a request goes to the one that has least in flight. */
export class PooledSession implements Session, StreamHost {
  readonly headers: Readonly<Record<string, string>>;
  readonly inFlightMax: number;
  readonly #options: PooledSessionOptions;
  readonly #streams: readonly SessionStream[];
  readonly #queue = new RequestQueue();
  /** Requests that must go to the first stream. */
  readonly #firstQueue = new RequestQueue();
  readonly #notificationListeners = new Set<NotificationListener>();
  readonly #stateListeners = new Set<StateListener>();
  #handler: RequestHandler | undefined;
  #state: SessionState = 'connecting';
  /** Why a stream ended last, while none has opened since. */
  #problem: SessionError | undefined;
  /** Why no requests are taken. */
  #closedBy: SessionError | undefined;

  constructor(options: PooledSessionOptions) {
    this.#options = options;
    this.headers = options.headers;
    this.inFlightMax = options.inFlightMax;
    this.#streams = options.clients.map((client) => new SessionStream(client, this));
  }

  get state(): SessionState {
    return this.#state;
  }

  async request(method: string, params: object = {}, options: RequestOptions = {}): Promise<unknown> {
    return JSON.parse(await this.requestText(method, JSON.stringify(params), options));
  }

  requestText(method: string, paramsText: string, options: RequestOptions = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(method, paramsText, options);
      if (refusal !== undefined) return reject(refusal);
      const outcome = { resolve, reject, timedOut: this.#timedOut, onGivenUp: this.#giveUp };
      this.#send(new PendingRequest(method, paramsText, { outcome, options }));
    });
  }

  notify(method: string, params: object = {}): void {
    const stream = this.#streams.find(({ isReady }) => isReady);
    stream?.sendText(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  onNotification(listener: NotificationListener): () => void {
    this.#notificationListeners.add(listener);
    return () => void this.#notificationListeners.delete(listener);
  }

  onRequest(handler: RequestHandler | undefined): void {
    this.#handler = handler;
  }

  onStateChange(listener: StateListener): () => void {
    this.#stateListeners.add(listener);
    return () => void this.#stateListeners.delete(listener);
  }

  async close(): Promise<void> {
    const error = sessionClosed();
    this.#closedBy ??= error;
    this.#rejectQueued(error);
    const signal = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
    await Promise.all(this.#streams.map((stream) => stream.close(signal)));
    this.#end(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  next(stream: SessionStream): PendingRequest | undefined {
    const own = stream === this.#streams[0] ? this.#firstQueue.shift() : undefined;
    return own ?? this.#queue.shift();
  }

  takeBack(requests: readonly PendingRequest[]): void {
    if (this.#closedBy !== undefined) {
      for (const request of requests) request.fail(this.#closedBy);
      return;
    }
    for (const request of requests.toReversed()) this.#queueFor(request.method).unshift(request);
    for (const stream of this.#streams) stream.fill();
  }

  notified(method: string, params: unknown): void {
    for (const listener of this.#notificationListeners) listener(method, params);
  }

  answer(id: unknown, method: string, params: unknown): Promise<string> {
    return answerRequest({ id, method, params }, this.#handler);
  }

  changed(end: StreamEnd | undefined): void {
    if (this.#state === 'closed') return;
    if (end?.isFinal === true) return this.#end(end.error);
    this.#problem = end?.error;
    this.#enter(this.#streams.some(({ isReady }) => isReady) ? 'ready' : 'connecting', end?.error);
  }

  #refusal(method: string, paramsText: string, { signal }: RequestOptions): unknown {
    if (this.#closedBy !== undefined) return this.#closedBy;
    if (signal?.aborted === true) return signal.reason;
    const { queuedMax } = this.#options;
    const queue = this.#queueFor(method);
    if (queue.length >= queuedMax || queue.size >= QUEUED_SIZE_MAX) return queueFull(queuedMax);
    return isTooLarge(method, paramsText) ? messageTooLarge(MESSAGE_BYTES_MAX) : undefined;
  }

  #send(request: PendingRequest): void {
    const queue = this.#queueFor(request.method);
    const stream = queue.length > 0 ? undefined : this.#streamFor(request.method);
    if (stream === undefined) queue.push(request);
    else stream.send(request);
  }

  #queueFor(method: string): RequestQueue {
    return streamMethods.has(method) ? this.#firstQueue : this.#queue;
  }

  #streamFor(method: string): SessionStream | undefined {
    const candidates = streamMethods.has(method) ? this.#streams.slice(0, 1) : this.#streams;
    let best: SessionStream | undefined;
    for (const stream of candidates) {
      if (stream.hasRoom && (best === undefined || stream.inFlight < best.inFlight)) best = stream;
    }
    return best;
  }

  readonly #timedOut = ({ mayHaveRun }: PendingRequest, timeoutMs: number): SessionError => {
    if (mayHaveRun || this.#state !== 'connecting') return timedOut(timeoutMs, mayHaveRun);
    return notOpenedInTime(timeoutMs, { target: this.#options.target, problem: this.#problem });
  };

  readonly #giveUp = (request: PendingRequest): void => {
    if (this.#streams.some((stream) => stream.giveUp(request))) return;
    this.#queueFor(request.method).delete(request);
  };

  #rejectQueued(error: SessionError): void {
    for (const queue of [this.#firstQueue, this.#queue]) {
      for (let request = queue.shift(); request !== undefined; request = queue.shift()) request.fail(error);
    }
  }

  #end(error: SessionError): void {
    this.#closedBy ??= error;
    this.#rejectQueued(error);
    for (const stream of this.#streams) stream.end(error);
    for (const client of this.#options.clients) client.close();
    this.#enter('closed', error);
  }

  #enter(state: SessionState, cause: unknown): void {
    // Each try that fails is told of: whoever waits should know why.
    if (state === this.#state && state !== 'connecting') return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state, cause);
  }
}

function isTooLarge(method: string, paramsText: string): boolean {
  const characters = method.length + paramsText.length;
  if (characters * BYTES_PER_CHARACTER_MAX + ENVELOPE_BYTES <= MESSAGE_BYTES_MAX) return false;
  const methodBytes = Buffer.byteLength(JSON.stringify(method));
  return methodBytes + Buffer.byteLength(paramsText) + ENVELOPE_BYTES > MESSAGE_BYTES_MAX;
}
