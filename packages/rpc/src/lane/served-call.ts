import { type AppError, encodeStatus, statusNumbers } from '@gantry/errors';

import type { BoundMethod } from '../bind-service.ts';
import { encodeMessage } from '../encode-message.ts';
import { decodeRequest, refuseMetadata } from '../grpc-adapter.ts';
import { METADATA_BYTES_MAX, metadataKeys } from '../metadata-keys.ts';
import { serveStream, serveUnary } from '../serve-call.ts';
import type { IncomingCall, ServerCall, ServerInterceptor } from '../server-call.ts';
import type { ArrivedCall } from './client-frame.ts';
import { replyTooLarge } from './lane-errors.ts';
import {
  DEFAULT_WINDOW_BYTES,
  FRAME_BYTES_MAX,
  NO_TIMEOUT_MS,
  REPLY_OVERHEAD_BYTES,
  TIMER_MAX_MS,
  WINDOW_BYTES_MAX,
} from './lane-limits.ts';
import { replyBytes, type StatusPart } from './server-frame.ts';

/** Enough of a message for a client that reads no details; the whole is in the details. */
const MESSAGE_CHARACTERS_MAX = 300;

/** Replies of one stream in a row before others get a turn: a handler that never waits must not stop the process. */
const BURST_REPLIES_MAX = 64;

const NO_BYTES = new Uint8Array(0);

/** What a call sees of its lane. */
export interface CallHost {
  /** The service's name: the domain of its errors. */
  readonly domain: string;
  readonly peer: string;
  /** Whether streams should wait, because as much is unsent on the lane as goes out at a time. */
  readonly isFull: boolean;
  readonly createCall: (served: BoundMethod['served'], incoming: IncomingCall) => ServerCall;
  readonly interceptors: readonly ServerInterceptor[];
  sendReply(callId: number, payload: Uint8Array, isEnd: boolean): void;
  sendStatus(status: StatusPart): void;
  /** The call has ended and its handler has returned: its place is free. */
  release(call: ServedCall): void;
}

/** One call of a lane while it is being served. */
export class ServedCall {
  readonly id: number;
  /** What it holds of the lane's room: the length of its request. */
  readonly heldBytes: number;
  readonly #host: CallHost;
  readonly #bound: BoundMethod;
  readonly #call: ServerCall;
  /** How many bytes of replies the client still takes; below 0 after a reply that was larger. */
  #window: number;
  #resume: (() => void) | undefined;
  #burst = 0;
  /** Whether the client has given it up: nothing more is sent. */
  #isSilent = false;

  constructor(host: CallHost, bound: BoundMethod, arrived: ArrivedCall & { readonly assertion: string | undefined }) {
    this.id = arrived.callId;
    this.heldBytes = arrived.payload.length;
    this.#host = host;
    this.#bound = bound;
    this.#window = arrived.windowBytes === 0 ? DEFAULT_WINDOW_BYTES : arrived.windowBytes;
    this.#call = host.createCall(bound.served, incomingCall(arrived, host.peer));
  }

  /** Runs the handler with the request. */
  serve(payload: Buffer, metadata: ArrivedCall['metadata']): void {
    const interceptors = isTooMuch(metadata) ? [refuseMetadata] : this.#host.interceptors;
    if (this.#bound.served.method.responseStream) this.#serveStream(payload, interceptors);
    else this.#serveUnary(payload, interceptors);
  }

  /** Gives more room for replies. */
  widen(bytes: number): void {
    this.#window = Math.min(WINDOW_BYTES_MAX, this.#window + bytes);
    this.goOn();
  }

  /** Goes on with a stream that waited for room. */
  goOn(): void {
    if (this.#window <= 0 || this.#host.isFull) return;
    this.#burst = 0;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** The client has given the call up, or is gone. */
  cancel(): void {
    this.#isSilent = true;
    this.#call.abort();
  }

  /** Ends the call because the server stops. */
  abort(error: AppError): void {
    this.#call.abort(error);
  }

  #serveUnary(payload: Buffer, interceptors: readonly ServerInterceptor[]): void {
    const { served, handler } = this.#bound;
    serveUnary(this.#call, interceptors, {
      handle: () => handler(decodeRequest(served.method, payload), this.#call),
      sink: {
        encode: (response) => encodeMessage(served.method.responseType, response),
        reply: (bytes) => {
          this.#reply(bytes, true);
          this.#host.release(this);
        },
        fail: (error, running) => this.#fail(error, running),
      },
    });
  }

  #serveStream(payload: Buffer, interceptors: readonly ServerInterceptor[]): void {
    const { served, handler } = this.#bound;
    serveStream(this.#call, interceptors, {
      handle: () => handler(decodeRequest(served.method, payload), this.#call),
      sink: {
        reply: (response, resume) => {
          const bytes = encodeMessage(served.method.responseType, response);
          this.#window -= bytes.length + REPLY_OVERHEAD_BYTES;
          this.#reply(bytes, false);
          return this.#wantsMore(resume);
        },
        end: () => {
          if (!this.#isSilent) this.#host.sendStatus(okStatus(this.id));
          this.#host.release(this);
        },
        fail: (error, running) => this.#fail(error, running),
      },
    });
  }

  #wantsMore(resume: () => void): boolean {
    this.#burst += 1;
    const isBurst = this.#burst >= BURST_REPLIES_MAX;
    if (this.#window > 0 && !this.#host.isFull && !isBurst) return true;
    this.#resume = resume;
    if (isBurst) setImmediate(() => this.goOn());
    return false;
  }

  #reply(bytes: Uint8Array, isEnd: boolean): void {
    if (this.#isSilent) return;
    if (replyBytes(this.id, bytes) > FRAME_BYTES_MAX) {
      this.#sendError(replyTooLarge(FRAME_BYTES_MAX));
      this.#isSilent = true;
      if (!isEnd) this.#call.abort();
      return;
    }
    this.#host.sendReply(this.id, bytes, isEnd);
  }

  #fail(error: AppError, running: Promise<unknown> | undefined): void {
    if (!this.#isSilent) this.#sendError(error);
    const release = () => this.#host.release(this);
    // A handler that has not noticed that its call has ended still takes of the process.
    if (running === undefined) release();
    else running.then(release, release);
  }

  #sendError(error: AppError): void {
    this.#host.sendStatus(toStatus(this.id, error, { domain: this.#host.domain, notStarted: false }));
  }
}

/** Returns the status part that tells of an error. */
export function toStatus(
  callId: number,
  error: AppError,
  { domain, notStarted }: { readonly domain: string; readonly notStarted: boolean },
): StatusPart {
  return {
    callId,
    code: statusNumbers[error.code],
    message: error.message.slice(0, MESSAGE_CHARACTERS_MAX).toWellFormed(),
    details: encodeStatus(error, domain),
    notStarted,
  };
}

function okStatus(callId: number): StatusPart {
  return { callId, code: 0, message: '', details: NO_BYTES, notStarted: false };
}

function incomingCall(
  { timeoutMs, assertion, traceparent, requestId, metadata }: ArrivedCall & { readonly assertion: string | undefined },
  peer: string,
): IncomingCall {
  return {
    deadlineMs: timeoutMs === NO_TIMEOUT_MS ? Infinity : Date.now() + Math.min(timeoutMs, TIMER_MAX_MS),
    peer,
    metadata: (key) => {
      if (key === metadataKeys.assertion) return assertion;
      if (key === metadataKeys.requestId) return orAbsent(requestId);
      if (key === metadataKeys.traceparent) return orAbsent(traceparent);
      return key.endsWith('-bin') || key.startsWith('grpc-') ? undefined : metadata?.get(key);
    },
  };
}

function orAbsent(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function isTooMuch(metadata: ArrivedCall['metadata']): boolean {
  if (metadata === undefined) return false;
  let bytes = 0;
  for (const [key, value] of metadata) bytes += key.length + value.length;
  return bytes > METADATA_BYTES_MAX;
}
