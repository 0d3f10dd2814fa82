import { type AppError, deadlineExceeded } from '@gantry/errors';
import type { ServerDuplexStream } from '@grpc/grpc-js';

import type { BoundMethod } from '../bind-service.ts';
import type { IncomingCall, ServerCall, ServerInterceptor } from '../server-call.ts';
import { toStatusObject } from '../status-object.ts';
import { unimplementedError } from '../unimplemented.ts';
import { AssertionTable } from './assertion-table.ts';
import { CallTable } from './call-table.ts';
import { type ArrivedCall, type ClientFrameVisitor, readClientPart } from './client-frame.ts';
import { FrameIntake } from './frame-intake.ts';
import { FrameSender } from './frame-sender.ts';
import { assertionUnknown, laneDraining, laneFull, laneProtocolError, laneUnread } from './lane-errors.ts';
import {
  ASSERTION_CHARACTERS_MAX,
  FRAME_BYTES_MAX,
  type ServerLaneLimits,
  serverLaneLimits,
  TIMER_MAX_MS,
} from './lane-limits.ts';
import type { LaneLoad } from './lane-metrics.ts';
import { type CallHost, ServedCall, toStatus } from './served-call.ts';
import { replyBytes, type StatusPart, writeDrain, writeReply, writeSettings, writeStatus } from './server-frame.ts';

/** More than a status takes: its message and details are bounded. */
const STATUS_BYTES_GUESS = 8 * 1024;

/** A payload that is less than this share of its frame is copied, so that a call holds little more than it counts for. */
const OWN_PAYLOAD_SHARE = 0.5;

/** A frame that nobody minds being held: as large as what Node takes for small buffers together. */
const SMALL_FRAME_BYTES = 8 * 1024;

/** What the lanes of a server share. */
export interface ServedLaneOptions {
  readonly methodByPath: ReadonlyMap<string, BoundMethod>;
  readonly interceptors: readonly ServerInterceptor[];
  readonly createCall: (served: BoundMethod['served'], incoming: IncomingCall) => ServerCall;
  /** The service's name: the domain of its errors. */
  readonly domain: string;
  readonly load: LaneLoad;
  /** Default: {@link serverLaneLimits}. */
  readonly limits?: ServerLaneLimits;
  readonly onEnded: (lane: ServedLane) => void;
}

type LaneStream = ServerDuplexStream<Buffer, Buffer>;

/** One lane at its server: reads frames, serves their calls side by side, and packs what they answer. */
export class ServedLane implements ClientFrameVisitor, CallHost {
  readonly peer: string;
  readonly #stream: LaneStream;
  readonly #options: ServedLaneOptions;
  readonly #sender: FrameSender;
  readonly #intake: FrameIntake;
  readonly #limits: ServerLaneLimits;
  readonly #assertions: AssertionTable;
  readonly #calls = new CallTable<ServedCall>();
  /** Calls that were given up and whose handlers have not returned. */
  readonly #lingering = new Set<ServedCall>();
  #heldBytes = 0;
  #lastCallId = 0;
  /** Of the frame that is being read. */
  #frameBytes = 0;
  #isDraining = false;
  #isHalfClosed = false;
  #isEnded = false;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(stream: LaneStream, options: ServedLaneOptions) {
    this.#stream = stream;
    this.#options = options;
    this.peer = stream.getPeer();
    this.#limits = options.limits ?? serverLaneLimits;
    this.#assertions = new AssertionTable(this.#limits);
    this.#sender = new FrameSender({
      write: (frame, onSent) => stream.write(frame, onSent),
      load: options.load,
      onRoom: () => this.#goOn(),
    });
    this.#intake = new FrameIntake({
      stream,
      readPart: (reader) => {
        this.#frameBytes = reader.frameBytes;
        readClientPart(reader, this);
      },
      onBroken: (error) => this.#break(laneProtocolError(error.message)),
    });
    stream.on('data', (frame: Buffer) => {
      options.load.frameReceived();
      this.#intake.take(frame);
    });
    stream.on('end', () => this.#halfClose());
    stream.on('cancelled', () => this.#end('CANCELLED'));
    // Without a listener an error of the stream, ours or the transport's, would be uncaught.
    stream.on('error', () => this.#end('UNKNOWN'));
    const { callsInFlightMax, queuedBytesMax } = this.#limits;
    writeSettings(this.#sender.writer, { callsInFlightMax, queuedBytesMax, frameBytesMax: FRAME_BYTES_MAX });
    this.#sender.wrote();
  }

  get domain(): string {
    return this.#options.domain;
  }

  get isFull(): boolean {
    return this.#sender.isFull;
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
    if (value.length > ASSERTION_CHARACTERS_MAX) this.#break(laneProtocolError(`assertion ${id} is too long`));
    else if (!this.#assertions.put(id, value)) {
      this.#break(laneProtocolError(`assertion ${id} is not above earlier ones`));
    }
  }

  call(arrived: ArrivedCall): void {
    if (this.#isEnded) return;
    const { callId } = arrived;
    // 0 is not above the first either.
    if (callId <= this.#lastCallId) return this.#break(laneProtocolError(`call ${callId} is not above earlier ones`));
    // It was told that nothing after the announced call is begun.
    if (this.#isDraining) return;
    this.#lastCallId = callId;
    if (!this.#hasRoomFor(arrived)) return this.#refuse(callId, laneFull(), true);
    const bound = this.#options.methodByPath.get(arrived.method);
    if (bound === undefined) return this.#refuse(callId, unimplementedError(arrived.method.slice(0, 200)), true);
    const assertion = this.#assertions.get(arrived.assertionId);
    if (assertion === undefined && arrived.assertionId !== 0) return this.#refuse(callId, assertionUnknown(), true);
    if (arrived.timeoutMs === 0) return this.#refuse(callId, deadlineExceeded(), false);
    this.#begin(new ServedCall(this, bound, { ...arrived, assertion }), arrived);
  }

  window(callId: number, bytes: number): void {
    this.#calls.get(callId)?.widen(bytes);
  }

  cancel(callId: number): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    this.#calls.delete(call);
    this.#lingering.add(call);
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
    if (!this.#calls.delete(call)) this.#lingering.delete(call);
    this.#hold(-1, -call.heldBytes);
    if (this.#isDraining || this.#isHalfClosed) this.#finishIfDone();
  }

  #hasRoomFor({ payload }: ArrivedCall): boolean {
    const { load } = this.#options;
    const { callsInFlightMax, queuedBytesMax, processCallsMax, processBytesMax } = this.#limits;
    if (this.#inFlight >= callsInFlightMax || load.calls >= processCallsMax) return false;
    const bytes = payload.length;
    return (
      this.#heldBytes + this.#sender.unsentBytes + bytes <= queuedBytesMax && load.bytes + bytes <= processBytesMax
    );
  }

  get #inFlight(): number {
    return this.#calls.size + this.#lingering.size;
  }

  #begin(call: ServedCall, arrived: ArrivedCall): void {
    this.#calls.add(call);
    this.#hold(1, call.heldBytes);
    call.serve(this.#ownPayload(arrived.payload), arrived.metadata);
  }

  /** A call that goes on for long must not hold the frame that it came in with many others. */
  #ownPayload(payload: Buffer): Buffer {
    const isLargeFrame = this.#frameBytes > SMALL_FRAME_BYTES;
    return isLargeFrame && payload.length < this.#frameBytes * OWN_PAYLOAD_SHARE ? Buffer.from(payload) : payload;
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
    if (this.#sender.unsentBytes > this.#limits.unsentBytesMax) this.#break(laneUnread());
  }

  #goOn(): void {
    for (const call of this.#calls) call.goOn();
  }

  #halfClose(): void {
    this.#intake.readAll();
    this.#isHalfClosed = true;
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#isEnded || this.#inFlight > 0) return;
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
    this.#lingering.clear();
    this.#finishIfDone();
  }

  #end(code: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#intake.close();
    clearTimeout(this.#graceTimer);
    this.#sender.close();
    for (const call of this.#calls) call.cancel();
    this.#options.load.ended(code);
    this.#options.onEnded(this);
  }
}
