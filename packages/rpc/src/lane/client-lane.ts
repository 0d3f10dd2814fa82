import { type AppError, decodeStatus, isAppError, type StatusCode, statusCodeOf } from '@gantry/errors';
import { type Client, type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';

import { DeadlineWatch } from '../deadline-watch.ts';
import { fromServiceError, withoutDetails } from '../status-object.ts';
import type { OutgoingRequest, ReplyListener, SentCall } from '../transport.ts';
import { AssertionIds } from './assertion-ids.ts';
import { CallTable } from './call-table.ts';
import { callBytes, type CallPart, writeAssertion, writeCall, writeCancel, writeWindow } from './client-frame.ts';
import { FrameIntake } from './frame-intake.ts';
import { FrameSender } from './frame-sender.ts';
import { LaneCall } from './lane-call.ts';
import { laneDraining, NotStartedError } from './lane-errors.ts';
import { ASSERTION_CHARACTERS_MAX, FRAME_BYTES_MAX, INITIAL_SETTINGS, LANE_PATH } from './lane-limits.ts';
import type { LaneLoad } from './lane-metrics.ts';
import { type LaneSettings, readServerPart, type ServerFrameVisitor, type StatusPart } from './server-frame.ts';

/** How a lane ended. */
export interface LaneEnd {
  readonly code: StatusCode | 'OK';
  /** Whether the server has no lanes: ordinary calls are for it. */
  readonly isUnsupported: boolean;
}

/** What a lane needs. */
export interface ClientLaneOptions {
  /** A client of one address, for this lane alone. Whoever gave it closes it. */
  readonly grpc: Client;
  /** The service called, for errors. */
  readonly peer: string;
  readonly load: LaneLoad;
  /** The server has said what it allows: calls may begin. */
  readonly onReady: (lane: ClientLane) => void;
  /** There may be room for another call. */
  readonly onRoom: () => void;
  /** No more calls begin, because the server drains or ids have run out; those in flight go on. */
  readonly onLeaving: (lane: ClientLane) => void;
  /** A call has ended, with the error if it failed. Not of calls that were given up, or were lost with the lane. */
  readonly onOutcome: (error: AppError | undefined) => void;
  readonly onEnded: (lane: ClientLane, end: LaneEnd) => void;
}

/** More than a call takes in a frame beside its payload and request id: a method, a traceparent and numbers. */
const CALL_REST_BYTES = 1_024;

/** More than a cancel or a window takes in a frame. */
const SMALL_PART_BYTES = 16;

/** The last id of a lane; one that comes near it is replaced. */
const CALL_ID_MAX = 2 ** 32 - 1;

/** One lane at its client: packs calls into frames, and gives every reply to its call. */
export class ClientLane implements ServerFrameVisitor {
  readonly deadlines = new DeadlineWatch();
  readonly #options: ClientLaneOptions;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #sender: FrameSender;
  readonly #intake: FrameIntake;
  readonly #assertionIds = new AssertionIds();
  readonly #calls = new CallTable<LaneCall>();
  #settings: LaneSettings = INITIAL_SETTINGS;
  #heldBytes = 0;
  #lastCallId = 0;
  #isReady = false;
  #isLeaving = false;
  #isEnded = false;

  constructor(options: ClientLaneOptions) {
    this.#options = options;
    this.#stream = options.grpc.makeBidiStreamRequest<Buffer, Buffer>(LANE_PATH, pass, pass, new Metadata(), {});
    this.#sender = new FrameSender({
      write: (frame, onSent) => this.#stream.write(frame, onSent),
      load: options.load,
      onRoom: options.onRoom,
    });
    this.#intake = new FrameIntake({
      stream: this.#stream,
      readPart: (reader) => readServerPart(reader, this),
      // Not a frame: the server is not ours, or broken, and so is the lane.
      onBroken: () => this.cut(),
    });
    this.#stream.on('data', (frame: Buffer) => {
      options.load.frameReceived();
      this.#intake.take(frame);
    });
    this.#stream.on('end', () => this.#ended('OK'));
    this.#stream.on('error', (error: ServiceError) => this.#ended(statusCodeOf(error.code), error));
  }

  get grpc(): Client {
    return this.#options.grpc;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /** Whether calls may begin. */
  get isOpen(): boolean {
    return this.#isReady && !this.#isLeaving && !this.#isEnded;
  }

  /** Tells whether one more call of so many bytes may begin now. */
  hasRoomFor(bytes: number): boolean {
    const { callsInFlightMax, queuedBytesMax } = this.#settings;
    if (this.#calls.size >= callsInFlightMax) return false;
    return this.#calls.size === 0 || this.#heldBytes + this.#sender.unsentBytes + bytes <= queuedBytesMax;
  }

  /** Tells whether a request does not fit on this lane. */
  isTooLarge({ outgoing: { assertion = '', requestId = '' }, payload }: OutgoingRequest): boolean {
    if (assertion.length > ASSERTION_CHARACTERS_MAX) return true;
    return payload.length + requestId.length + CALL_REST_BYTES > this.#settings.frameBytesMax;
  }

  /** Begins a call. Only when it is open and has room. */
  begin({ called, outgoing, payload }: OutgoingRequest, listener: ReplyListener): SentCall {
    this.#lastCallId += 1;
    const callId = this.#lastCallId;
    const call = new LaneCall(callId, { listener, heldBytes: payload.length, host: this });
    this.#calls.add(call);
    this.#hold(1, payload.length);
    this.#write({
      callId,
      method: called.path,
      payload,
      timeoutMs: call.limit(outgoing.deadlineMs),
      assertionId: outgoing.assertion === undefined ? 0 : this.#referTo(outgoing.assertion),
      traceparent: outgoing.traceparent,
      windowBytes: 0,
      requestId: outgoing.requestId ?? '',
    });
    if (callId >= CALL_ID_MAX - 1) this.leave();
    return call;
  }

  /** Begins no more calls, and ends when those in flight have. */
  leave(): void {
    if (this.#isLeaving || this.#isEnded) return;
    this.#isLeaving = true;
    this.#closeIfDone();
    this.#options.onLeaving(this);
  }

  /** Ends now; what is in flight fails, with a reason when there is one to tell. */
  cut(reason?: AppError): void {
    if (this.#isEnded) return;
    this.#stream.cancel();
    this.#end({ code: 'CANCELLED', lost: reason ?? withoutDetails('UNAVAILABLE', this.#options.peer) });
  }

  /** Ends when the server has not read for too long. To be called now and then. */
  checkReader(nowMs: number): void {
    if (this.#sender.isStuck(nowMs)) this.cut();
  }

  settings({ callsInFlightMax, queuedBytesMax, frameBytesMax }: LaneSettings): void {
    // They come once; a server that says 0 says nothing.
    if (this.#isReady || this.#isLeaving || this.#isEnded) return;
    this.#settings = {
      callsInFlightMax: callsInFlightMax === 0 ? INITIAL_SETTINGS.callsInFlightMax : callsInFlightMax,
      queuedBytesMax: queuedBytesMax === 0 ? INITIAL_SETTINGS.queuedBytesMax : queuedBytesMax,
      frameBytesMax: Math.min(FRAME_BYTES_MAX, frameBytesMax === 0 ? INITIAL_SETTINGS.frameBytesMax : frameBytesMax),
    };
    this.#isReady = true;
    this.#options.onReady(this);
  }

  reply(callId: number, payload: Buffer, isEnd: boolean): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    // More than the window would pile up where nobody has asked for it.
    if (!call.receive(payload.length)) return this.cut();
    call.listener.reply(payload);
    if (isEnd) this.#endCall(call, undefined);
  }

  status({ callId, code, details, notStarted }: StatusPart): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    if (code === status.OK) return this.#endCall(call, undefined);
    const error = decodeStatus(details) ?? withoutDetails(statusCodeOf(code), this.#options.peer);
    if (error.reason === 'LANE_ASSERTION_UNKNOWN') this.#assertionIds.clear();
    if (notStarted) this.#lose(call, NotStartedError.of(error));
    else this.#endCall(call, error);
  }

  drain(lastCallId: number): void {
    this.leave();
    // They are made elsewhere.
    for (const call of this.#calls) {
      if (call.id > lastCallId) this.#lose(call, NotStartedError.of(laneDraining()));
    }
  }

  /** A call whose time is up, or that nobody waits for. */
  abandon(call: LaneCall): void {
    if (this.#calls.get(call.id) !== call) return;
    // Before it is forgotten: a lane that leaves half-closes with its last call.
    if (!this.#isEnded) {
      this.#sender.fit(SMALL_PART_BYTES);
      writeCancel(this.#sender.writer, call.id);
      this.#sender.wrote();
    }
    this.#forget(call);
  }

  timeOut(call: LaneCall): void {
    if (this.#calls.get(call.id) !== call) return;
    this.abandon(call);
    const error = withoutDetails('DEADLINE_EXCEEDED', this.#options.peer);
    this.#options.onOutcome(error);
    call.listener.ended(error);
  }

  widen(call: LaneCall, bytes: number): void {
    if (this.#isEnded || this.#calls.get(call.id) !== call) return;
    this.#sender.fit(SMALL_PART_BYTES);
    writeWindow(this.#sender.writer, call.id, bytes);
    this.#sender.wrote();
  }

  #write(part: CallPart): void {
    this.#sender.fit(callBytes(part));
    writeCall(this.#sender.writer, part);
    this.#sender.wrote();
  }

  #referTo(assertion: string): number {
    const { id, isNew } = this.#assertionIds.idOf(assertion);
    if (isNew) {
      this.#sender.fit(assertion.length);
      writeAssertion(this.#sender.writer, id, assertion);
    }
    return id;
  }

  #endCall(call: LaneCall, error: AppError | undefined): void {
    this.#options.onOutcome(error);
    this.#lose(call, error);
  }

  #lose(call: LaneCall, error: AppError | undefined): void {
    this.#forget(call);
    call.listener.ended(error);
  }

  #forget(call: LaneCall): void {
    if (!this.#calls.delete(call)) return;
    call.unlimit();
    this.#hold(-1, -call.heldBytes);
    if (this.#isLeaving) this.#closeIfDone();
    this.#options.onRoom();
  }

  #hold(calls: number, bytes: number): void {
    this.#heldBytes += bytes;
    this.#options.load.calls += calls;
    this.#options.load.bytes += bytes;
  }

  #closeIfDone(): void {
    if (this.#calls.size > 0 || this.#isEnded) return;
    this.#sender.whenEmpty(() => this.#stream.end());
  }

  /** The stream has ended, after all that came before. */
  #ended(code: LaneEnd['code'], cause?: ServiceError): void {
    this.#intake.readAll();
    const lost = cause === undefined ? withoutDetails('UNAVAILABLE', this.#options.peer) : this.#lossOf(cause);
    this.#end({ code, lost });
  }

  #end({ code, lost }: { readonly code: LaneEnd['code']; readonly lost: AppError }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#intake.close();
    this.#sender.close();
    this.deadlines.close();
    for (const call of this.#calls) this.#lose(call, lost);
    this.#options.onEnded(this, { code, isUnsupported: code === 'UNIMPLEMENTED' && !this.#isReady });
  }

  /** Whatever ended the lane, its calls were lost on the way. */
  #lossOf(cause: ServiceError): AppError {
    const error = fromServiceError(cause, this.#options.peer);
    return isAppError(error) && error.code === 'UNAVAILABLE' && error.domain === undefined
      ? error
      : withoutDetails('UNAVAILABLE', this.#options.peer, cause);
  }
}

const pass = (bytes: Buffer): Buffer => bytes;
