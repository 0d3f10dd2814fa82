import type { Client, ServiceError } from '@grpc/grpc-js';

import { backoffMs } from './backoff.ts';
import { JsonRpcError, type SessionError } from './errors.ts';
import { FrameStream } from './frame-stream.ts';
import { InFlight } from './in-flight.ts';
import { readMessage } from './incoming-message.ts';
import { isObject } from './json.ts';
import type { PendingRequest } from './pending-request.ts';
import { toStreamEnd } from './stream-end.ts';

/** A frame has this much, so that a long one does not hold up what comes after it; the gateway does the same. */
const FRAME_CHARACTERS_TARGET = 256 * 1024;

/** As mcp_service.proto says. */
const FRAME_MESSAGES_MAX = 1_024;

/** What the streams of a session share. */
export interface StreamHost {
  readonly headers: Readonly<Record<string, string>>;
  readonly inFlightMax: number;
  /** Returns the next request that a stream may send, undefined when none waits. */
  next(stream: SessionStream): PendingRequest | undefined;
  /** Takes back requests that are to be sent again, in order. */
  takeBack(requests: readonly PendingRequest[]): void;
  notified(method: string, params: unknown): void;
  /** Answers a request of the gateway with the text of a response. Never rejects. */
  answer(id: unknown, method: string, params: unknown): Promise<string>;
  /** The stream has opened, or is not open any more: `end` says why. A final end closes the session. */
  changed(end: { readonly error: SessionError; readonly isFinal: boolean } | undefined): void;
}

interface Outgoing {
  /** 0 when it is no request. */
  readonly id: number;
  readonly text: string;
}

/** One stream of a session, opened again whenever it breaks. */
export class SessionStream {
  readonly #client: Client;
  readonly #host: StreamHost;
  readonly #inFlight: InFlight;
  /** What is to be sent at the end of the turn, or when the stream takes more; bounded by what is in flight. */
  #outgoing: Outgoing[] = [];
  #frames: FrameStream | undefined;
  #isReady = false;
  #isClosed = false;
  #isScheduled = false;
  #attempt = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  #gone: PromiseWithResolvers<void> | undefined;

  constructor(client: Client, host: StreamHost) {
    this.#client = client;
    this.#host = host;
    this.#inFlight = new InFlight(host.inFlightMax);
    this.#open();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get hasRoom(): boolean {
    return this.#isReady && this.#inFlight.size < this.#host.inFlightMax;
  }

  /** Sends a request; there must be room. */
  send(request: PendingRequest): void {
    this.#inFlight.add(request);
    const { id, method, paramsText } = request;
    this.#put(id, `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${paramsText}}`);
  }

  /** Sends what is no request; drops it when the stream is not open. */
  sendText(text: string): void {
    if (this.#isReady) this.#put(0, text);
  }

  /** Takes requests that wait, as many as there is room for. */
  fill(): void {
    while (this.hasRoom) {
      const request = this.#host.next(this);
      if (request === undefined) return;
      this.send(request);
    }
  }

  /** Lets go of a request that nobody waits for any more, if it is on this stream. */
  giveUp(request: PendingRequest): boolean {
    const { id } = request;
    if (this.#inFlight.get(id) !== request) return false;
    this.#inFlight.take(id);
    // What was not sent yet will not be.
    if (request.isSent) {
      this.sendText(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`);
    }
    this.#settleIdle();
    this.fill();
    return true;
  }

  /** Ends it once what is in flight is answered, or when the signal aborts; what is not answered then is the caller's. */
  async close(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    this.#idle ??= Promise.withResolvers();
    this.#settleIdle();
    await Promise.race([this.#idle.promise, aborted.promise]);
    if (!this.#isReady || signal.aborted) return;
    this.#gone = Promise.withResolvers();
    this.#frames?.halfClose();
    await Promise.race([this.#gone.promise, aborted.promise]);
  }

  /** Ends it at once. Requests in flight are rejected. */
  end(error: SessionError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isReady = false;
    clearTimeout(this.#retryTimer);
    const requests = this.#inFlight.takeAll();
    this.#outgoing = [];
    for (const request of requests) request.fail(error);
    this.#frames?.cancel();
    this.#settleIdle();
  }

  #open(): void {
    this.#frames = new FrameStream(this.#client, this.#host.headers, {
      onOpen: () => this.#opened(),
      onFrame: (messages) => this.#take(messages),
      onDrained: () => this.#flush(),
      onEnd: (cause) => this.#ended(cause),
    });
  }

  #opened(): void {
    this.#attempt = 0;
    this.#isReady = true;
    this.#host.changed(undefined);
    this.fill();
  }

  #ended(cause: ServiceError | undefined): void {
    if (this.#isClosed) return;
    if (this.#gone !== undefined) return this.#gone.resolve();
    const end = toStreamEnd(cause, { wasOpen: this.#isReady });
    this.#isReady = false;
    this.#outgoing = [];
    const requests = this.#inFlight.takeAll();
    for (const request of requests) request.leave(end.error.mayHaveRun);
    this.#host.takeBack(requests.filter(({ isToBeRepeated }) => isToBeRepeated));
    for (const request of requests) {
      if (!request.isToBeRepeated) request.fail(end.error);
    }
    this.#settleIdle();
    this.#host.changed(end);
    if (end.isFinal || this.#isClosed) return;
    this.#attempt += 1;
    // One that was open is opened again at once: gateways that stop are replaced before.
    this.#retryTimer = setTimeout(() => this.#open(), backoffMs(this.#attempt));
  }

  #put(id: number, text: string): void {
    this.#outgoing.push({ id, text });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flushTurn);
  }

  readonly #flushTurn = (): void => {
    this.#isScheduled = false;
    this.#flush();
  };

  /** Writes frames for as long as the stream takes them. */
  #flush(): void {
    const frames = this.#frames;
    if (!this.#isReady || frames === undefined) return;
    let frame: string[] = [];
    let characters = 0;
    let taken = 0;
    for (const { id, text } of this.#outgoing) {
      if (frames.isBlocked) break;
      taken += 1;
      if (!this.#begin(id)) continue;
      frame.push(text);
      characters += text.length;
      if (characters < FRAME_CHARACTERS_TARGET && frame.length < FRAME_MESSAGES_MAX) continue;
      frames.write(frame);
      frame = [];
      characters = 0;
    }
    if (frame.length > 0) frames.write(frame);
    this.#outgoing = taken === this.#outgoing.length ? [] : this.#outgoing.slice(taken);
  }

  /** Marks a request as sent; false when it has been given up meanwhile. */
  #begin(id: number): boolean {
    if (id === 0) return true;
    const request = this.#inFlight.get(id);
    if (request === undefined) return false;
    request.isSent = true;
    return true;
  }

  #take(texts: readonly string[]): void {
    for (const text of texts) this.#takeOne(text);
    this.fill();
    this.#settleIdle();
  }

  #takeOne(text: string): void {
    const message = readMessage(text);
    switch (message.kind) {
      case 'result':
        return this.#inFlight.take(message.id)?.resolve(message.resultText);
      case 'error':
        return this.#fail(message.id, toJsonRpcError(message.error));
      case 'notification':
        return this.#host.notified(message.method, message.params);
      case 'request':
        return void this.#host
          .answer(message.id, message.method, message.params)
          .then((answer) => this.sendText(answer));
      case 'unknown':
        return;
      default:
        return message satisfies never;
    }
  }

  #fail(id: unknown, error: JsonRpcError): void {
    if (typeof id === 'number') return this.#inFlight.take(id)?.reject(error);
    if (id !== null) return;
    // A request could not even be read: one whose parameters came as text and are not JSON.
    const unreadable = [...this.#inFlight].filter(({ paramsText }) => !isJson(paramsText));
    for (const request of unreadable) this.#inFlight.take(request.id)?.reject(error);
    // Nobody can tell which it was; with the stream all of them have an end.
    if (unreadable.length === 0) this.#frames?.cancel();
  }

  #settleIdle(): void {
    if (this.#inFlight.size === 0) this.#idle?.resolve();
  }
}

function toJsonRpcError(error: unknown): JsonRpcError {
  if (!isObject(error)) return new JsonRpcError(0, 'the gateway answered with an error that cannot be read', error);
  const { code, message, data } = error;
  return new JsonRpcError(typeof code === 'number' ? code : 0, typeof message === 'string' ? message : '', data);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
