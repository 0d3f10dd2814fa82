import type { AppError } from '@gantry/errors';
import type { Registry } from '@gantry/telemetry';

import { withoutDetails } from '../status-object.ts';
import type { OutgoingRequest, ReplyListener, SentCall, Transport } from '../transport.ts';
import { laneQueueFull, NotStartedError } from './lane-errors.ts';
import { PROCESS_BYTES_MAX, PROCESS_CALLS_MAX, WAITING_BYTES_MAX, WAITING_CALLS_MAX } from './lane-limits.ts';
import { type LaneLoad, laneLoad } from './lane-metrics.ts';
import { LaneSet } from './lane-set.ts';

/** How often a call is sent on a lane that did not begin it; then it is made as an ordinary call. */
const SENDS_MAX = 3;

/** What the lanes of a target need. */
export interface LaneTransportOptions {
  readonly target: string;
  readonly peer: string;
  readonly metrics: Registry;
  /** For what lanes cannot carry, and for servers without them. */
  readonly plain: Transport;
}

/**
 * Creates the transport that sends calls on lanes, one to each address of the target, and makes ordinary calls where there is
 * no lane. Nothing is opened before the first call.
 */
export function createLaneTransport(options: LaneTransportOptions): Transport {
  return new LaneTransport(options);
}

class LaneTransport implements Transport {
  readonly #options: LaneTransportOptions;
  readonly #load: LaneLoad;
  readonly #waiting = new Set<PendingCall>();
  #waitingBytes = 0;
  #lanes: LaneSet | undefined;
  #isClosed = false;

  constructor(options: LaneTransportOptions) {
    this.#options = options;
    this.#load = laneLoad('client', options.metrics);
  }

  get peer(): string {
    return this.#options.peer;
  }

  send(request: OutgoingRequest, listener: ReplyListener): SentCall {
    const call = new PendingCall(request, listener, this);
    this.dispatch(call);
    return call;
  }

  /** Sends a call whatever way there is, or lets it wait for one. */
  dispatch(call: PendingCall): void {
    const { plain, peer, target } = this.#options;
    if (this.#isClosed) return call.failSoon(withoutDetails('UNAVAILABLE', peer));
    this.#lanes ??= new LaneSet({ target, peer, load: this.#load, onChange: () => this.#wake() });
    const { payload } = call.request;
    if (call.sends >= SENDS_MAX) return call.sendOn(plain);
    const lane = this.#hasRoomFor(payload.length) ? this.#lanes.pick(payload.length) : undefined;
    if (lane !== undefined) {
      if (lane.isTooLarge(payload, call.request.outgoing.requestId) || this.#isForPlain()) return call.sendOn(plain);
      return call.begin((listener) => lane.begin(call.request, listener));
    }
    if (!this.#lanes.isOpen && !this.#lanes.isOpening) return call.sendOn(plain);
    this.#wait(call);
  }

  /** A call that waited has been given up, or its time is up. */
  forget(call: PendingCall): void {
    if (!this.#waiting.delete(call)) return;
    this.#waitingBytes -= call.request.payload.length;
    this.#load.waiting -= 1;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#lanes?.[Symbol.dispose]();
    for (const call of this.#waiting) {
      this.forget(call);
      call.failSoon(withoutDetails('UNAVAILABLE', this.#options.peer));
    }
    this.#options.plain[Symbol.dispose]();
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#load.calls < PROCESS_CALLS_MAX && this.#load.bytes + bytes <= PROCESS_BYTES_MAX;
  }

  /** Servers without lanes get their share by ordinary calls. */
  #isForPlain(): boolean {
    const share = this.#lanes?.plainShare ?? 0;
    return share > 0 && Math.random() < share;
  }

  #wait(call: PendingCall): void {
    const bytes = call.request.payload.length;
    if (this.#waiting.size >= WAITING_CALLS_MAX || this.#waitingBytes + bytes > WAITING_BYTES_MAX) {
      return call.failSoon(laneQueueFull(this.#options.peer));
    }
    this.#waiting.add(call);
    this.#waitingBytes += bytes;
    this.#load.waiting += 1;
    call.startWaiting();
  }

  /** Lets calls that wait look again, first come, first served, until one must go on waiting. */
  #wake(): void {
    for (const call of this.#waiting) {
      const size = this.#waiting.size;
      this.forget(call);
      call.stopWaiting();
      this.dispatch(call);
      if (this.#waiting.size >= size) return;
    }
  }
}

/** A call on its way through the transport: it may wait, and may be sent more than once until it is begun. */
class PendingCall implements SentCall, ReplyListener {
  readonly request: OutgoingRequest;
  /** How often it was sent on a lane. */
  sends = 0;
  readonly #listener: ReplyListener;
  readonly #transport: LaneTransport;
  #sent: SentCall | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(request: OutgoingRequest, listener: ReplyListener, transport: LaneTransport) {
    this.request = request;
    this.#listener = listener;
    this.#transport = transport;
  }

  begin(send: (listener: ReplyListener) => SentCall): void {
    this.sends += 1;
    this.#sent = send(this);
  }

  sendOn(plain: Transport): void {
    this.#sent = plain.send(this.request, this);
  }

  /** Fails the call after whoever sent it has it in hand. */
  failSoon(error: AppError): void {
    setImmediate(() => this.ended(error));
  }

  startWaiting(): void {
    const { deadlineMs } = this.request.outgoing;
    if (deadlineMs === Infinity) return;
    const timeUp = () => {
      this.#transport.forget(this);
      this.ended(withoutDetails('DEADLINE_EXCEEDED', this.#transport.peer));
    };
    this.#timer = setTimeout(timeUp, Math.max(1, deadlineMs - Date.now()));
  }

  stopWaiting(): void {
    clearTimeout(this.#timer);
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stopWaiting();
    this.#transport.forget(this);
    this.#sent?.cancel();
  }

  consumed(bytes: number): void {
    this.#sent?.consumed(bytes);
  }

  reply(payload: Buffer): void {
    if (!this.#isOver) this.#listener.reply(payload);
  }

  ended(error: AppError | undefined): void {
    if (this.#isOver) return;
    // Whatever the method: nobody has begun it.
    if (error instanceof NotStartedError && this.sends < SENDS_MAX) return this.#transport.dispatch(this);
    this.#isOver = true;
    this.stopWaiting();
    this.#listener.ended(error);
  }
}
