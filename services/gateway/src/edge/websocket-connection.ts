import { randomUUID } from 'node:crypto';

import { isAppError } from '@gantry/errors';
import type { Clock, TraceContext } from '@gantry/telemetry';
import type { WebSocket } from 'ws';

import type { ResourceClient } from '../clients/backends.ts';
import type { Identity } from '../clients/credential-cache.ts';
import type { PresentedCredential } from '../clients/presented-credential.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import { encodeReplies, encodeReply, isErrorReply } from '../json-rpc/encode-reply.ts';
import type { Body } from '../json-rpc/message.ts';
import type { MethodCall, PushConnection } from '../methods/method.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import { type Answer, isInitialize, type Pipeline } from '../pipeline/pipeline.ts';
import { createFrameWindow } from './frame-window.ts';
import { idTextsOf, toFrameRefusal } from './frame.ts';
import { receive } from './receive.ts';
import { ResourceSubscriptions } from './resource-subscriptions.ts';

/** Frames that had left the socket when it was paused: no more than a read of 64 KiB holds. */
export const FRAMES_QUEUED_MAX = 10_000;

/** A client that does not read is not worked for, and then cut off. */
const UNSENT_BYTES_PAUSE = 1024 * 1024;
export const UNSENT_BYTES_MAX = 16 * 1024 * 1024;

/** How long a client may leave what it was sent; a slow line takes 16 MiB in less. */
export const READER_STUCK_MS = 10_000;

/** RFC 6455 §7.4. */
export const closeCodes = { goingAway: 1001, policyViolation: 1008, tryAgainLater: 1013 } as const;

/** What a client is told when its key was revoked, has expired, or never was. */
export const CREDENTIAL_ENDED = 'the API key is not valid any more';

/** What a connection needs. */
export interface WebSocketConnectionOptions {
  readonly socket: WebSocket;
  readonly pipeline: Pipeline;
  readonly resources: Pick<ResourceClient, 'watchResource'>;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly clientAddress: string;
  readonly credential: PresentedCredential;
  readonly credentialId: string;
  readonly dialect: Dialect;
  readonly parent: TraceContext | undefined;
}

/** One WebSocket. Its messages are worked on side by side and answered as they are done. */
export class WebSocketConnection implements PushConnection {
  readonly credentialId: string;
  readonly #options: WebSocketConnectionOptions;
  readonly #subscriptions: ResourceSubscriptions;
  readonly #controllers = new Map<string, AbortController>();
  readonly #queue: (string | Uint8Array)[] = [];
  #dialect: Dialect;
  readonly #window = createFrameWindow();
  #unread: { readonly bytes: number; readonly sinceMs: number } | undefined;
  #isAlive = true;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: WebSocketConnectionOptions) {
    this.#options = options;
    this.#dialect = options.dialect;
    this.credentialId = options.credentialId;
    this.#subscriptions = new ResourceSubscriptions({
      resources: options.resources,
      identify: () => this.identify(),
      push: (subscriptionId, uri) => this.#push(subscriptionId, uri),
    });
    const { socket } = options;
    socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    socket.on('pong', () => (this.#isAlive = true));
    socket.on('error', (error) => this.#recordBadFrame(error));
    socket.on('close', () => this.#abandon());
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  subscribe(uri: string, call: MethodCall): Promise<string> {
    return this.#subscriptions.subscribe(uri, call);
  }

  unsubscribe(idOrUri: string): void {
    this.#subscriptions.unsubscribe(idOrUri);
  }

  cancel(idText: string): void {
    this.#controllers.get(idText)?.abort();
  }

  /** Says who the connection belongs to at this moment, and closes it when its credential has ended. */
  async identify(): Promise<Identity> {
    try {
      return await this.#options.pipeline.identify(this.#arrival(undefined));
    } catch (error) {
      if (isAppError(error) && error.code === 'UNAUTHENTICATED')
        this.close(closeCodes.policyViolation, CREDENTIAL_ENDED);
      throw error;
    }
  }

  /** Pings, closes when the last ping was not answered or the credential has ended. */
  check(): void {
    if (!this.#isAlive) return this.#options.socket.terminate();
    this.#isAlive = false;
    this.#options.socket.ping();
    // identify closes the connection if it must; that auth cannot be asked is no reason to.
    return void this.identify().catch(() => undefined);
  }

  /** Closes when the client has not read any of what it was sent for too long. */
  checkReader(): void {
    const bytes = this.#options.socket.bufferedAmount;
    const nowMs = this.#options.clock.now();
    if (bytes <= UNSENT_BYTES_PAUSE) this.#unread = undefined;
    else if (this.#unread === undefined || bytes < this.#unread.bytes) this.#unread = { bytes, sinceMs: nowMs };
    else if (nowMs - this.#unread.sinceMs >= READER_STUCK_MS) {
      this.close(closeCodes.tryAgainLater, 'answers are not read');
    }
  }

  close(code: number, reason: string): void {
    this.#options.socket.close(code, reason);
  }

  terminate(): void {
    this.#options.socket.terminate();
  }

  /** Takes no more messages; resolves when those in flight are answered and the connection is closed. */
  async drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    this.#queue.length = 0;
    if (this.#window.inFlight === 0) this.#drained.resolve();
    await this.#drained.promise;
    const { socket } = this.#options;
    if (socket.readyState === socket.CLOSED) return;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.close(closeCodes.goingAway, 'the gateway stops; connect again');
    await closed;
  }

  #take(data: WebSocket.RawData, isBinary: boolean): void {
    // Whoever is alive enough to send is alive.
    this.#isAlive = true;
    if (this.#drained !== undefined) return;
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    // A text frame has been checked to be UTF-8.
    const input = isBinary ? bytes : bytes.toString('utf8');
    if (!this.#isSaturated() && this.#queue.length === 0) return this.#start(input);
    this.#options.socket.pause();
    if (this.#queue.length >= FRAMES_QUEUED_MAX) {
      return this.close(closeCodes.policyViolation, 'too many messages at once');
    }
    this.#queue.push(input);
  }

  #isSaturated(): boolean {
    return this.#window.isFull || this.#options.socket.bufferedAmount > UNSENT_BYTES_PAUSE;
  }

  #start(input: string | Uint8Array): void {
    this.#window.begin(input.length);
    void this.#serve(input).then((answerBytes) => {
      this.#window.end(input.length, answerBytes);
      this.#goOn();
    });
  }

  /** Starts what waits, and reads on when nothing does. */
  #goOn(): void {
    if (this.#drained !== undefined && this.#window.inFlight === 0) return this.#drained.resolve();
    while (this.#queue.length > 0 && !this.#isSaturated()) {
      const next = this.#queue.shift();
      if (next !== undefined) this.#start(next);
    }
    if (this.#queue.length === 0 && !this.#isSaturated() && this.#options.socket.isPaused)
      this.#options.socket.resume();
  }

  /** Answers a message and returns how long the answer was. */
  async #serve(input: string | Uint8Array): Promise<number> {
    const controller = new AbortController();
    let idTexts: readonly string[] = [];
    const onParsed = (body: Body) => {
      if (body.messages.some(isInitialize)) this.#dialect = 'legacy';
      idTexts = idTextsOf(body);
      for (const idText of idTexts) this.#controllers.set(idText, controller);
    };
    const arrival = this.#arrival(controller.signal);
    const { pipeline } = this.#options;
    const answer = await receive(pipeline, { input, arrival, onParsed });
    for (const idText of idTexts) {
      if (this.#controllers.get(idText) === controller) this.#controllers.delete(idText);
    }
    // A client that has cancelled does not expect an answer.
    return controller.signal.aborted ? 0 : this.#answer(answer);
  }

  #answer(answer: Answer): number {
    if (answer.kind === 'none') return 0;
    if (answer.kind === 'many') return this.#send(encodeReplies(answer.replies, answer.dialect));
    const { reply, dialect } = answer;
    const bytes = this.#send(encodeReply(reply, dialect));
    if (isErrorReply(reply) && reply.error.code === 'UNAUTHENTICATED') {
      this.close(closeCodes.policyViolation, CREDENTIAL_ENDED);
    }
    return bytes;
  }

  #push(subscriptionId: string, uri: string): void {
    const params = { uri, subscriptionId };
    this.#send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }));
  }

  #send(text: string): number {
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return text.length;
    socket.send(text, () => {
      this.#unread = undefined;
      this.#goOn();
    });
    // A close frame would wait behind what is not read.
    if (socket.bufferedAmount > UNSENT_BYTES_MAX) socket.terminate();
    return text.length;
  }

  /** ws has closed the connection already, with the code of RFC 6455 that says why; this is for the record. */
  #recordBadFrame(error: Error): void {
    const refusal = toFrameRefusal(error);
    if (refusal !== undefined) this.#options.pipeline.refuse(refusal, this.#arrival(undefined));
  }

  #abandon(): void {
    this.#queue.length = 0;
    this.#subscriptions.close();
    for (const controller of this.#controllers.values()) controller.abort();
  }

  #arrival(signal: AbortSignal | undefined): Arrival {
    const { clientAddress, credential, parent, clock, requestTimeoutMs } = this.#options;
    return {
      transport: 'websocket',
      clientAddress,
      credential,
      dialect: this.#dialect,
      requestId: randomUUID(),
      parent,
      deadlineMs: clock.now() + requestTimeoutMs,
      signal,
      connection: this,
    };
  }
}
