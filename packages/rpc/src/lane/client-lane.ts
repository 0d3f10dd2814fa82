import { decodeStatus, isAppError, statusCodeOf } from '@gantry/errors';
import { type Client as GrpcClient, type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';

import { fromServiceError, withoutDetails } from '../status-object.ts';
import type { OutgoingRequest, ReplyListener, SentCall } from '../transport.ts';
import { AssertionIds } from './assertion-ids.ts';
import { CallTable } from './call-table.ts';
import { callBytes, type CallPart, writeAssertion, writeCall, writeCancel, writeWindow } from './client-frame.ts';
import { FrameSender } from './frame-sender.ts';
import { LaneCall } from './lane-call.ts';
import { laneDraining, NotStartedError } from './lane-errors.ts';
import { INITIAL_SETTINGS, LANE_PATH } from './lane-limits.ts';
import type { LaneLoad } from './lane-metrics.ts';
import { type LaneSettings, readServerFrame, type ServerFrameVisitor, type StatusPart } from './server-frame.ts';

/** What came to be of a lane. */
export type LaneEnd =
  /** The server has no lanes: ordinary calls are for it. */
  | 'unsupported'
  /** It ended, or could not be opened. */
  | 'ended';

/** What a lane needs. */
export interface ClientLaneOptions {
  /** A client of one address, for this lane alone: it is closed with it. */
  readonly grpc: GrpcClient;
  /** The service called, for errors. */
  readonly peer: string;
  readonly load: LaneLoad;
  /** The server has said what it allows: calls may begin. */
  readonly onReady: (lane: ClientLane) => void;
  /** There is room for another call, or there is none any more: the lane drains. */
  readonly onChange: () => void;
  readonly onEnded: (lane: ClientLane, end: LaneEnd) => void;
}

/** The last id of a lane; one that comes near it is replaced. */
const CALL_ID_MAX = 2 ** 32 - 1;

/** One lane at its client: packs calls into frames, and gives every reply to its call. */
export class ClientLane implements ServerFrameVisitor {
  readonly #options: ClientLaneOptions;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #sender: FrameSender;
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
    this.#sender = new FrameSender({ write: (frame, onSent) => this.#stream.write(frame, onSent) }, options.load);
    this.#stream.on('data', (frame: Buffer) => this.#take(frame));
    this.#stream.on('drain', () => this.#sender.drained());
    this.#stream.on('end', () => this.#end(undefined));
    this.#stream.on('error', (error: ServiceError) => this.#end(error));
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

  /** Tells whether a request is too large for a frame of this lane. */
  isTooLarge(payload: Buffer, requestId: string | undefined): boolean {
    // The rest of a call takes less than a kibibyte.
    return payload.length + (requestId?.length ?? 0) + 1_024 > this.#settings.frameBytesMax;
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
      timeoutMs: call.startTimer(outgoing.deadlineMs),
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
    this.#options.onChange();
    this.#closeIfDone();
  }

  /** Ends now; what is in flight fails. */
  cut(): void {
    if (this.#isEnded) return;
    this.#stream.cancel();
    this.#end(undefined);
  }

  /** Ends when the server has not read for too long. To be called now and then. */
  checkReader(nowMs: number): void {
    if (this.#sender.isStuck(nowMs)) this.cut();
  }

  settings(settings: LaneSettings): void {
    this.#settings = settings;
    this.#isReady = true;
    this.#options.onReady(this);
  }

  reply(callId: number, payload: Buffer, isEnd: boolean): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    call.listener.reply(payload);
    if (isEnd) this.#endCall(call, undefined);
  }

  status({ callId, code, details, notStarted }: StatusPart): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    if (code === status.OK) return this.#endCall(call, undefined);
    const error = decodeStatus(details) ?? withoutDetails(statusCodeOf(code), this.#options.peer);
    if (error.reason === 'LANE_ASSERTION_UNKNOWN') this.#assertionIds.clear();
    this.#endCall(call, notStarted ? NotStartedError.of(error) : error);
  }

  drain(lastCallId: number): void {
    this.leave();
    for (const call of this.#calls) {
      if (call.id > lastCallId) this.#endCall(call, NotStartedError.of(laneDraining()));
    }
  }

  /** A call whose time is up, or that nobody waits for. */
  abandon(call: LaneCall): void {
    this.#forget(call);
    if (this.#isEnded) return;
    writeCancel(this.#sender.writer, call.id);
    this.#sender.wrote();
  }

  timeOut(call: LaneCall): void {
    if (this.#calls.get(call.id) !== call) return;
    this.abandon(call);
    call.listener.ended(withoutDetails('DEADLINE_EXCEEDED', this.#options.peer));
  }

  widen(call: LaneCall, bytes: number): void {
    if (this.#isEnded || this.#calls.get(call.id) !== call) return;
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

  #take(frame: Buffer): void {
    if (this.#isEnded) return;
    this.#options.load.frameReceived();
    try {
      readServerFrame(frame, this);
    } catch {
      // Not a frame: the server is not ours, or broken, and so is the lane.
      this.cut();
    }
  }

  #endCall(call: LaneCall, error: ReturnType<typeof withoutDetails> | undefined): void {
    this.#forget(call);
    call.listener.ended(error);
  }

  #forget(call: LaneCall): void {
    if (!this.#calls.delete(call)) return;
    call.stopTimer();
    this.#hold(-1, -call.heldBytes);
    this.#options.onChange();
    if (this.#isLeaving) this.#closeIfDone();
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

  #end(cause: ServiceError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sender.close();
    const lost = cause === undefined ? withoutDetails('UNAVAILABLE', this.#options.peer) : this.#lossOf(cause);
    for (const call of this.#calls) this.#endCall(call, lost);
    this.#options.grpc.close();
    const isUnsupported = cause?.code === status.UNIMPLEMENTED && !this.#isReady;
    this.#options.onEnded(this, isUnsupported ? 'unsupported' : 'ended');
  }

  /** Whatever ended the lane, its calls were lost on the way. */
  #lossOf(cause: ServiceError) {
    const error = fromServiceError(cause, this.#options.peer);
    return isAppError(error) && error.code === 'UNAVAILABLE' && error.domain === undefined
      ? error
      : withoutDetails('UNAVAILABLE', this.#options.peer, cause);
  }
}

const pass = (bytes: Buffer): Buffer => bytes;
