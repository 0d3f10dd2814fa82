import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

import type { AppError } from '@gantry/errors';

import type { BoundMethod } from '../bind-service.ts';
import type { DeadlineWatch } from '../deadline-watch.ts';
import { encodeMessage } from '../encode-message.ts';
import { decodeRequest, refuseMetadata, type ServeOptions } from '../grpc-adapter.ts';
import { requestLate } from '../half-open-guard.ts';
import { MESSAGE_BYTES_MAX } from '../message-bytes.ts';
import { serveUnary, type UnarySink } from '../serve-call.ts';
import type { IncomingCall, ServerCall } from '../server-call.ts';
import { toStatusObject } from '../status-object.ts';
import { type Arrivals, NO_ROOM, STREAM_BYTES } from './arrivals.ts';
import { MessageFrame, NO_MESSAGE, type PlainStatus, toFrame, tooLarge } from './message-frame.ts';
import type { RequestIntake, WaitingRequest } from './request-intake.ts';
import { connectionOf, type StreamConnection } from './stream-connection.ts';
import { isMetadataTooLong, metadataOf } from './stream-metadata.ts';
import { UnreadAnswer } from './unread-answer.ts';

/** A method whose calls are served straight from their streams. */
export interface DirectMethod {
  readonly bound: BoundMethod;
  readonly options: ServeOptions;
  /** How long a request may take to come whole. */
  readonly requestTimeoutMs: number;
  /** What requests that are not whole hold. */
  readonly arrivals: Arrivals;
  /** Requests that are whole. */
  readonly intake: RequestIntake;
  /** Answers that have not been taken. */
  readonly unread: DeadlineWatch;
}

/** How a call came in. */
export interface UnaryArrival {
  readonly headers: IncomingHttpHeaders;
  /** The same as they came: name, value, name, value. */
  readonly rawHeaders: readonly string[];
  readonly method: DirectMethod;
  /** What the client gives the call; Infinity when it does not say. */
  readonly timeoutMs: number;
}

/** What an answer begins with. */
const HEADERS: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity,deflate,gzip',
  'grpc-encoding': 'identity',
};

const OK_TRAILERS: OutgoingHttpHeaders = { 'grpc-status': 0, 'grpc-message': 'OK' };

const THEN_TRAILERS = { waitForTrailers: true };
const THEN_NOTHING = { endStream: true };

/** One unary call on its HTTP/2 stream: reads the request, has it served, writes the answer. */
export class UnaryStream implements IncomingCall, UnarySink, WaitingRequest {
  readonly deadlineMs: number;
  readonly connection: StreamConnection;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #rawHeaders: readonly string[];
  readonly #method: DirectMethod;
  #request: MessageFrame | undefined = new MessageFrame();
  /** What it takes of the room for arrivals. */
  #arrivingBytes = 0;
  /** How long the request may take to come whole. */
  readonly #arrivalMs: number;
  readonly #arrival: NodeJS.Timeout;
  #call: ServerCall | undefined;
  #isAnswered = false;
  #hasEnded = false;
  #answer: UnreadAnswer | undefined;

  constructor(stream: ServerHttp2Stream, { headers, rawHeaders, method, timeoutMs }: UnaryArrival) {
    this.#stream = stream;
    this.#headers = headers;
    this.#rawHeaders = rawHeaders;
    this.#method = method;
    this.deadlineMs = Date.now() + timeoutMs;
    this.connection = connectionOf(stream);
    this.#arrivalMs = Math.min(timeoutMs, method.requestTimeoutMs);
    this.#arrival = setTimeout(() => this.#end(requestLate(this.#arrivalMs)), this.#arrivalMs);
    this.#arrival.unref();
    // Whatever it is, the stream closes after it.
    stream.on('error', ignore);
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('end', () => this.#wait());
    stream.on('close', () => this.#close());
    this.#hold(STREAM_BYTES);
  }

  get peer(): string {
    return this.connection.peer;
  }

  readonly metadata = (key: string): string | undefined => metadataOf(this.#headers, key);

  encode(response: unknown): Buffer {
    return encodeMessage(this.#method.bound.served.method.responseType, response);
  }

  reply(message: Buffer): void {
    if (message.length > MESSAGE_BYTES_MAX) return this.#end(tooLarge('Sent', message.length));
    if (!this.#mayAnswer()) return;
    this.connection.isKnown = true;
    this.#stream.respond(HEADERS, THEN_TRAILERS);
    this.#stream.on('wantTrailers', sendOk);
    this.#stream.end(toFrame(message));
    this.#limitReading();
  }

  fail(error: AppError): void {
    const { code, details, metadata } = toStatusObject(error, this.#method.options.name);
    this.#end({ code, details }, metadata.toHttp2Headers());
  }

  #take(chunk: Buffer): void {
    if (this.#request === undefined || !this.#hold(chunk.length)) return;
    const problem = this.#request.take(chunk);
    if (problem !== undefined) this.#end(problem);
  }

  /** Takes room for what has come; ends the call when there is none. */
  #hold(bytes: number): boolean {
    const hasRoom = this.#method.arrivals.take(this.connection, bytes);
    if (hasRoom) this.#arrivingBytes += bytes;
    else this.#refuse();
    return hasRoom;
  }

  #refuse(): void {
    this.#end(NO_ROOM);
    this.connection.refused();
  }

  /** What has come is worked on, or not wanted any more. */
  #release(): void {
    this.#request = undefined;
    this.#method.arrivals.give(this.connection, this.#arrivingBytes);
    this.#arrivingBytes = 0;
  }

  /** A client that does not take its answer must not make us hold it. */
  #limitReading(): void {
    const { unread, options } = this.#method;
    this.#answer = new UnreadAnswer(this.#stream, Date.now() + options.readerStuckMs);
    unread.add(this.#answer);
  }

  /** Has the request begun when its turn comes; until then it holds its room for arrivals. */
  #wait(): void {
    clearTimeout(this.#arrival);
    this.#hasEnded = true;
    if (this.#request !== undefined && !this.isGone) this.#method.intake.take(this);
  }

  begin(): void {
    const message = this.#request?.message;
    this.#release();
    if (message === undefined) return this.#end(NO_MESSAGE);
    const { bound, options } = this.#method;
    const { served, handler } = bound;
    const call = options.createCall(served, this);
    this.#call = call;
    const isTooMuch = isMetadataTooLong(this.#headers, this.#rawHeaders);
    serveUnary(call, isTooMuch ? [refuseMetadata] : options.interceptors, {
      handle: () => handler(decodeRequest(served.method, message), call),
      sink: this,
    });
  }

  #close(): void {
    clearTimeout(this.#arrival);
    this.#release();
    if (this.#answer !== undefined) this.#method.unread.delete(this.#answer);
    if (!this.#isAnswered) this.#call?.abort();
  }

  /** Ends the call without a message. */
  #end({ code, details }: PlainStatus, trailers: OutgoingHttpHeaders = {}): void {
    if (!this.#mayAnswer()) return;
    const { ':status': status, 'content-type': type } = HEADERS;
    const said = { 'grpc-status': code, 'grpc-message': encodeURI(details) };
    this.#stream.respond({ ':status': status, 'content-type': type, ...said, ...trailers }, THEN_NOTHING);
    if (this.#hasEnded) return;
    // Whatever else the client would send is not wanted: its place among the streams of the connection is free.
    this.#release();
    this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** Tells whether there is somebody to answer; to be asked right before it is done. */
  #mayAnswer(): boolean {
    if (this.#isAnswered || this.isGone) return false;
    this.#isAnswered = true;
    return true;
  }

  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(OK_TRAILERS);
}

const ignore = () => undefined;
