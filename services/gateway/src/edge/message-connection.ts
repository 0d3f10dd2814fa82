import { type AppError, isAppError } from '@gantry/errors';
import { Cancellation, type CancelSignal } from '@gantry/rpc';
import type { Clock, TraceContext } from '@gantry/telemetry';

import type { ResourceClient } from '../clients/backends.ts';
import type { Identity } from '../clients/credential-cache.ts';
import type { PresentedCredential } from '../clients/presented-credential.ts';
import {
  bodyTooLarge,
  gatewayDraining,
  messagesQueued,
  pingUnanswered,
  requestInvalid,
  responsesUnread,
} from '../errors.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import { isErrorReply } from '../json-rpc/encode-reply.ts';
import { type Body, isInitialize } from '../json-rpc/message.ts';
import { BODY_BYTES_MAX, decodeBody, parseBody } from '../json-rpc/parse-body.ts';
import type { MethodCall, PushConnection } from '../methods/method.ts';
import type { Transport } from '../metrics.ts';
import type { Arrival } from '../pipeline/arrival.ts';
import type { Answer, Pipeline } from '../pipeline/pipeline.ts';
import { proceed } from '../pipeline/settle.ts';
import { encodeAnswer } from './encode-answer.ts';
import { idTextsOf } from './frame.ts';
import { IdTable } from './id-table.ts';
import type { MessageWindow } from './message-window.ts';
import { RequestIds } from './request-ids.ts';
import { ResourceSubscriptions } from './resource-subscriptions.ts';

/** Messages that had come when the client was stopped: no more than a read of 64 KiB holds. */
export const MESSAGES_QUEUED_MAX = 10_000;

/** A client that does not read is not worked for, and then cut off. */
export const UNSENT_BYTES_PAUSE = 1024 * 1024;
export const UNSENT_BYTES_MAX = 16 * 1024 * 1024;

/** How long a client may leave what it was sent; a slow line takes 16 MiB in less. */
export const READER_STUCK_MS = 10_000;

/** One message as it came: text, or bytes that are not known to be UTF-8. */
export type MessageInput = string | Uint8Array;

/** The transport under a connection. It tells the connection what happens; see the methods of MessageConnection. */
export interface MessageLink {
  /** The longest message it can send. */
  readonly messageBytesMax: number;
  /** Bytes that were sent and that the client has not taken. */
  readonly unsentBytes: number;
  /** Sends one message. */
  send(text: string): void;
  /** Asks the client for a sign of life. */
  ping(): void;
  /** Whether it reads nothing. */
  readonly isPaused: boolean;
  /** Reads no more until `resume`. What has been read may still come. Both may be called again and again. */
  pause(): void;
  resume(): void;
  /** Ends the connection after what was sent, and says why. Resolves when it is gone. */
  close(reason: AppError): Promise<void>;
  /** Ends the connection at once: the client does not answer or read. */
  terminate(reason: AppError): void;
}

/** What a connection needs. */
export interface MessageConnectionOptions {
  readonly link: MessageLink;
  readonly window: MessageWindow;
  readonly transport: Transport;
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

/** A connection that carries messages both ways. They are worked on side by side and answered as they are done. */
export class MessageConnection implements PushConnection {
  readonly credentialId: string;
  readonly #options: MessageConnectionOptions;
  readonly #subscriptions: ResourceSubscriptions;
  /** Those that have an id, by its JSON text. */
  readonly #workById = new IdTable<Work>();
  readonly #queue: MessageInput[] = [];
  #queuedBytes = 0;
  readonly #requestIds = new RequestIds();
  #dialect: Dialect;
  #unread: { readonly bytes: number; readonly sinceMs: number } | undefined;
  #isAlive = true;
  #isFinishing = false;
  #isDraining = false;
  #isGoing = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: MessageConnectionOptions) {
    this.#options = options;
    this.#dialect = options.dialect;
    this.credentialId = options.credentialId;
    this.#subscriptions = new ResourceSubscriptions({
      resources: options.resources,
      identify: () => this.identify(),
      push: (subscriptionId, uri) => this.#push(subscriptionId, uri),
    });
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  /** Bytes of messages that have come and are not begun. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get unsentBytes(): number {
    return this.#options.link.unsentBytes;
  }

  subscribe(uri: string, call: MethodCall): Promise<string> {
    return this.#subscriptions.subscribe(uri, call);
  }

  unsubscribe(idOrUri: string): void {
    this.#subscriptions.unsubscribe(idOrUri);
  }

  cancel(idText: string): void {
    this.#workById.get(idText)?.cancellation.cancel();
  }

  /** Says who the connection belongs to at this moment, and closes it when its credential has ended. */
  async identify(): Promise<Identity> {
    try {
      return await this.#options.pipeline.identify(this.#arrival(undefined));
    } catch (error) {
      if (isAppError(error) && error.code === 'UNAUTHENTICATED') this.close(error);
      throw error;
    }
  }

  /** Pings, closes when the last ping was not answered or the credential has ended. */
  check(): void {
    const { link } = this.#options;
    // Whoever is not read is not heard, and whoever sends nothing more cannot answer.
    const isHeard = !link.isPaused && !this.#isFinishing;
    if (isHeard && !this.#isAlive) return link.terminate(pingUnanswered());
    this.#isAlive = !isHeard;
    if (isHeard) link.ping();
    // identify closes the connection if it must; that auth cannot be asked is no reason to.
    return void this.identify().catch(() => undefined);
  }

  /** Closes when the client has not read any of what it was sent for too long. */
  checkReader(): void {
    const bytes = this.#options.link.unsentBytes;
    const nowMs = this.#options.clock.now();
    if (bytes <= UNSENT_BYTES_PAUSE) this.#unread = undefined;
    else if (this.#unread === undefined || bytes < this.#unread.bytes) this.#unread = { bytes, sinceMs: nowMs };
    else if (nowMs - this.#unread.sinceMs >= READER_STUCK_MS) this.close(responsesUnread());
  }

  close(reason: AppError): void {
    void this.#options.link.close(reason);
  }

  terminate(reason: AppError): void {
    this.#options.link.terminate(reason);
  }

  /** Takes no more messages; resolves when those in flight are answered and the connection is closed. */
  async drain(reason: AppError = gatewayDraining()): Promise<void> {
    this.#isDraining = true;
    this.#forgetQueue();
    await this.#settle();
    await this.#options.link.close(reason);
  }

  /**
   * Hears that the client sends nothing more; resolves when everything that was taken is answered. It is not pinged any more, as
   * it could not answer: its requests end at their deadlines, and the keepalive of its transport finds out when it is gone.
   */
  finish(): Promise<void> {
    this.#isFinishing = true;
    return this.#settle();
  }

  /** Takes a message that has come. */
  take(input: MessageInput): void {
    // Whoever is alive enough to send is alive.
    this.#isAlive = true;
    if (this.#isDraining) return;
    if (!this.isSaturated && this.#queue.length === 0) return this.#start(input);
    this.#options.link.pause();
    if (this.#queue.length >= MESSAGES_QUEUED_MAX) return this.close(messagesQueued());
    this.#queue.push(input);
    this.#queuedBytes += input.length;
  }

  /** Hears that the client is there. */
  heard(): void {
    this.#isAlive = true;
  }

  /** Whether it wants no more messages for now; then its link will be resumed. */
  get isSaturated(): boolean {
    return this.#options.window.isFull || this.#options.link.unsentBytes > UNSENT_BYTES_PAUSE;
  }

  /** Hears that the client has taken something of what was sent. */
  wasRead(): void {
    this.#unread = undefined;
    this.goOn();
  }

  /** Starts what waits, and reads on when nothing does. To be called when there may be room again. */
  goOn(): void {
    // What is answered at once goes on by itself, within the loop below.
    if (this.#isGoing) return;
    this.#isGoing = true;
    while (this.#queue.length > 0 && !this.isSaturated) {
      const next = this.#queue.shift();
      this.#queuedBytes -= next?.length ?? 0;
      if (next !== undefined) this.#start(next);
    }
    this.#isGoing = false;
    if (this.#idle !== undefined && this.#isIdle()) this.#idle.resolve();
    if (this.#queue.length === 0 && !this.#isDraining && !this.isSaturated) this.#options.link.resume();
  }

  /** Hears that the client is gone. */
  abandon(): void {
    this.#forgetQueue();
    this.#subscriptions.close();
    for (const { cancellation } of this.#workById.values()) cancellation.cancel();
  }

  /** Records that something came that could not be read at all. */
  refuse(error: AppError): void {
    this.#options.pipeline.refuse(error, this.#arrival(undefined));
  }

  #forgetQueue(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }

  #settle(): Promise<void> {
    this.#idle ??= Promise.withResolvers();
    if (this.#isIdle()) this.#idle.resolve();
    return this.#idle.promise;
  }

  #isIdle(): boolean {
    return this.#options.window.inFlight === 0 && this.#queue.length === 0;
  }

  #start(input: MessageInput): void {
    const cancellation = new Cancellation();
    const arrival = this.#arrival(cancellation);
    const parsed = this.#parse(input, arrival);
    if (parsed === undefined) return;
    const { body, idTexts } = parsed;
    const work = { bytes: input.length, requests: body.messages.length, idTexts, cancellation };
    for (const idText of idTexts) this.#workById.add(idText, work);
    this.#options.window.begin(work);
    // It never throws and never rejects.
    void proceed(this.#options.pipeline.answer(body, arrival), (answer) => this.#finish(work, answer));
  }

  #parse(input: MessageInput, arrival: Arrival): ParsedMessage | undefined {
    try {
      if (input.length > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
      const body = parseBody(typeof input === 'string' ? input : decodeBody(input));
      const idTexts = idTextsOf(body);
      this.#checkIds(idTexts);
      if (body.messages.some(isInitialize)) this.#dialect = 'legacy';
      return { body, idTexts };
    } catch (error) {
      this.#answer(this.#options.pipeline.refuse(error, arrival));
      return undefined;
    }
  }

  /** A second request of an id could not be told from the first, nor could their answers. */
  #checkIds(idTexts: readonly string[]): void {
    const isTaken = idTexts.some(
      (idText, index) => this.#workById.get(idText) !== undefined || idTexts.indexOf(idText) !== index,
    );
    if (isTaken) throw requestInvalid('a request of this id is in flight; give each one an id of its own');
  }

  #finish(work: Work, answer: Answer): void {
    for (const idText of work.idTexts) this.#workById.delete(idText);
    // A client that has cancelled does not expect an answer.
    const answerBytes = work.cancellation.aborted ? 0 : this.#answer(answer);
    this.#options.window.end(work, answerBytes);
    this.goOn();
  }

  /** Answers a message and returns how long the answer was. */
  #answer(answer: Answer): number {
    if (answer.kind === 'none') return 0;
    const length = this.#send(encodeAnswer(answer, this.#options.link.messageBytesMax));
    if (answer.kind === 'many') return length;
    const { reply } = answer;
    if (isErrorReply(reply) && reply.error.code === 'UNAUTHENTICATED') this.close(reply.error);
    return length;
  }

  #push(subscriptionId: string, uri: string): void {
    const params = { uri, subscriptionId };
    this.#send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }));
  }

  #send(text: string): number {
    const { link } = this.#options;
    link.send(text);
    // A goodbye would wait behind what is not read.
    if (link.unsentBytes > UNSENT_BYTES_MAX) link.terminate(responsesUnread());
    return text.length;
  }

  #arrival(signal: CancelSignal | undefined): Arrival {
    const { link, transport, clientAddress, credential, parent, clock, requestTimeoutMs } = this.#options;
    return {
      transport,
      clientAddress,
      credential,
      dialect: this.#dialect,
      requestId: this.#requestIds.next(),
      parent,
      deadlineMs: clock.now() + requestTimeoutMs,
      signal,
      connection: this,
      answerBytesMax: link.messageBytesMax,
    };
  }
}

/** A message that can be worked on, and the ids of its requests. */
interface ParsedMessage {
  readonly body: Body;
  readonly idTexts: readonly string[];
}

/** A message that is being worked on. */
interface Work {
  readonly bytes: number;
  readonly requests: number;
  readonly idTexts: readonly string[];
  readonly cancellation: Cancellation;
}
