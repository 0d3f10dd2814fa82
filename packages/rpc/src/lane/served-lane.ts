import type { AppError } from '@gantry/errors';
import type { ServerDuplexStream } from '@grpc/grpc-js';

import type { BoundMethod } from '../bind-service.ts';
import type { IncomingCall, ServerCall, ServerInterceptor } from '../server-call.ts';
import { toStatusObject } from '../status-object.ts';
import { unimplementedError } from '../unimplemented.ts';
import { AssertionTable } from './assertion-table.ts';
import { CallTable } from './call-table.ts';
import { type ArrivedCall, type ClientFrameVisitor, readClientFrame } from './client-frame.ts';
import { FrameSender } from './frame-sender.ts';
import { assertionUnknown, laneDraining, laneFull, laneProtocolError, laneUnread } from './lane-errors.ts';
import {
  CALLS_IN_FLIGHT_MAX,
  FRAME_BYTES_MAX,
  PROCESS_BYTES_MAX,
  PROCESS_CALLS_MAX,
  QUEUED_BYTES_MAX,
  UNSENT_BYTES_MAX,
} from './lane-limits.ts';
import type { LaneLoad } from './lane-metrics.ts';
import { type CallHost, ServedCall, toStatus } from './served-call.ts';
import { replyBytes, type StatusPart, writeDrain, writeReply, writeSettings, writeStatus } from './server-frame.ts';

/** More than a status takes: its message and details are bounded. */
const STATUS_BYTES_GUESS = 8 * 1024;

/** setTimeout takes no more; a grace beyond it is none. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** What the lanes of a server share. */
export interface ServedLaneOptions {
  readonly methodByPath: ReadonlyMap<string, BoundMethod>;
  readonly interceptors: readonly ServerInterceptor[];
  readonly createCall: (served: BoundMethod['served'], incoming: IncomingCall) => ServerCall;
  /** The service's name: the domain of its errors. */
  readonly domain: string;
  readonly load: LaneLoad;
  /** Default {@link CALLS_IN_FLIGHT_MAX}. */
  readonly callsInFlightMax?: number;
  readonly onEnded: (lane: ServedLane) => void;
}

type LaneStream = ServerDuplexStream<Buffer, Buffer>;

/** One lane at its server: reads frames, serves their calls side by side, and packs what they answer. */
export class ServedLane implements ClientFrameVisitor, CallHost {
  readonly peer: string;
  readonly #stream: LaneStream;
  readonly #options: ServedLaneOptions;
  readonly #sender: FrameSender;
  readonly #assertions = new AssertionTable();
  readonly #calls = new CallTable<ServedCall>();
  /** Calls that were given up and whose handlers have not returned. */
  #lingering = 0;
  #heldBytes = 0;
  #lastCallId = 0;
  #isDraining = false;
  #isHalfClosed = false;
  #isEnded = false;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(stream: LaneStream, options: ServedLaneOptions) {
    this.#stream = stream;
    this.#options = options;
    this.peer = stream.getPeer();
    this.#sender = new FrameSender({ write: (frame, onSent) => stream.write(frame, onSent) }, options.load);
    stream.on('data', (frame: Buffer) => this.#take(frame));
    stream.on('drain', () => this.#drained());
    stream.on('end', () => this.#halfClose());
    stream.on('cancelled', () => this.#end('CANCELLED'));
    // Without a listener an error of the stream, ours or the transport's, would be uncaught.
    stream.on('error', () => this.#end('UNKNOWN'));
    const { callsInFlightMax = CALLS_IN_FLIGHT_MAX } = options;
    writeSettings(this.#sender.writer, {
      callsInFlightMax,
      queuedBytesMax: QUEUED_BYTES_MAX,
      frameBytesMax: FRAME_BYTES_MAX,
    });
    this.#sender.wrote();
  }

  get domain(): string {
    return this.#options.domain;
  }

  get isBlocked(): boolean {
    return this.#sender.isBlocked;
  }

  get createCall(): ServedLaneOptions['createCall'] {
    return this.#options.createCall;
  }

  get interceptors(): readonly ServerInterceptor[] {
    return this.#options.interceptors;
  }

  /**
   * Takes no more calls and says so; ends the lane when none is in flight, and after `graceMs` those that still are. A
   * second time it only sets the grace.
   */
  drain(graceMs: number): void {
    if (this.#isEnded) return;
    if (!this.#isDraining) {
      this.#isDraining = true;
      writeDrain(this.#sender.writer, this.#lastCallId, Math.min(graceMs, TIMER_MAX_MS));
      this.#sender.wrote();
    }
    clearTimeout(this.#graceTimer);
    if (graceMs <= TIMER_MAX_MS) this.#graceTimer = setTimeout(() => this.#abortCalls(laneDraining()), graceMs);
    this.#finishIfDone();
  }

  /** Ends the lane of a peer that has not read for too long. To be called now and then. */
  checkReader(nowMs: number): void {
    if (this.#sender.isStuck(nowMs)) this.#break(laneUnread());
  }

  assertion(id: number, value: string): void {
    if (!this.#assertions.put(id, value)) this.#break(laneProtocolError(`assertion ${id} is not above earlier ones`));
  }

  call(arrived: ArrivedCall): void {
    if (this.#isEnded) return;
    const { callId } = arrived;
    // 0 is not above the first either.
    if (callId <= this.#lastCallId) return this.#break(laneProtocolError(`call ${callId} is not above earlier ones`));
    // It was told that nothing after the announced call is begun.
    if (this.#isDraining) return;
    this.#lastCallId = callId;
    if (this.#isFull(arrived)) return this.#refuse(callId, laneFull(), true);
    const bound = this.#options.methodByPath.get(arrived.method);
    if (bound === undefined) return this.#refuse(callId, unimplementedError(arrived.method.slice(0, 200)), true);
    const assertion = this.#assertions.get(arrived.assertionId);
    if (assertion === undefined && arrived.assertionId !== 0) return this.#refuse(callId, assertionUnknown(), true);
    this.#begin(new ServedCall(this, bound, { ...arrived, assertion }), arrived);
  }

  window(callId: number, bytes: number): void {
    this.#calls.get(callId)?.widen(bytes);
  }

  cancel(callId: number): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    this.#calls.delete(call);
    this.#lingering += 1;
    call.cancel();
  }

  sendReply(callId: number, payload: Uint8Array, isEnd: boolean): void {
    if (this.#isEnded) return;
    this.#sender.fit(replyBytes(callId, payload));
    writeReply(this.#sender.writer, callId, { payload, isEnd });
    this.#wrote();
  }

  sendStatus(status: StatusPart): void {
    if (this.#isEnded) return;
    this.#sender.fit(STATUS_BYTES_GUESS);
    writeStatus(this.#sender.writer, status);
    this.#wrote();
  }

  release(call: ServedCall): void {
    if (!this.#calls.delete(call)) this.#lingering -= 1;
    this.#hold(-1, -call.heldBytes);
    if (this.#isDraining || this.#isHalfClosed) this.#finishIfDone();
  }

  #take(frame: Buffer): void {
    if (this.#isEnded) return;
    this.#options.load.frameReceived();
    try {
      readClientFrame(frame, this);
    } catch (error) {
      // readClientFrame throws nothing else, and its parts are visited by what does not throw.
      this.#break(laneProtocolError(error instanceof Error ? error.message : 'a frame cannot be read'));
    }
  }

  #isFull({ payload }: ArrivedCall): boolean {
    const { load, callsInFlightMax = CALLS_IN_FLIGHT_MAX } = this.#options;
    if (this.#calls.size + this.#lingering >= callsInFlightMax || load.calls >= PROCESS_CALLS_MAX) return true;
    const bytes = payload.length;
    return (
      this.#heldBytes + this.#sender.unsentBytes + bytes > QUEUED_BYTES_MAX || load.bytes + bytes > PROCESS_BYTES_MAX
    );
  }

  #begin(call: ServedCall, arrived: ArrivedCall): void {
    this.#calls.add(call);
    this.#hold(1, call.heldBytes);
    call.serve(arrived.payload, arrived.metadata);
  }

  #refuse(callId: number, error: AppError, notStarted: boolean): void {
    this.sendStatus(toStatus(callId, error, { domain: this.domain, notStarted }));
  }

  #hold(calls: number, bytes: number): void {
    this.#heldBytes += bytes;
    this.#options.load.calls += calls;
    this.#options.load.bytes += bytes;
  }

  #wrote(): void {
    this.#sender.wrote();
    if (this.#sender.unsentBytes > UNSENT_BYTES_MAX) this.#break(laneUnread());
  }

  #drained(): void {
    this.#sender.drained();
    for (const call of this.#calls) {
      if (this.#sender.isBlocked) return;
      call.goOn();
    }
  }

  #halfClose(): void {
    this.#isHalfClosed = true;
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#isEnded || this.#calls.size + this.#lingering > 0) return;
    this.#sender.whenEmpty(() => {
      if (this.#isEnded) return;
      this.#stream.end();
      this.#end('OK');
    });
  }

  #break(error: AppError): void {
    if (this.#isEnded) return;
    this.#end(error.code);
    this.#stream.emit('error', toStatusObject(error, this.domain));
  }

  #abortCalls(error: AppError): void {
    for (const call of this.#calls) call.abort(error);
    // Handlers that do not listen are not waited for.
    this.#calls.clear();
    this.#lingering = 0;
    this.#finishIfDone();
  }

  #end(code: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#graceTimer);
    this.#sender.close();
    for (const call of this.#calls) call.cancel();
    this.#options.load.ended(code);
    this.#options.onEnded(this);
  }
}
