import type { AppError } from '@gantry/errors';
import type { Registry } from '@gantry/telemetry';

import { withoutDetails } from '../status-object.ts';
import type { OutgoingRequest, ReplyListener, SentCall, Transport } from '../transport.ts';
import type { ClientLane } from './client-lane.ts';
import { laneQueueFull, NotStartedError } from './lane-errors.ts';
import { type ClientLaneLimits, clientLaneLimits, TIMER_MAX_MS } from './lane-limits.ts';
import { type ClientLaneLoad, clientLaneLoad } from './lane-metrics.ts';
import { LaneSet, type LaneSetOptions } from './lane-set.ts';

/** How often a call is sent on a lane that did not begin it; then it is made as an ordinary call. */
const SENDS_MAX = 3;

/** What the lanes of a target need. */
export interface LaneTransportOptions {
  readonly target: string;
  readonly peer: string;
  readonly metrics: Registry;
  /** For what lanes cannot carry, and for servers without them. */
  readonly plain: Transport;
  /** What is not given is as {@link clientLaneLimits} says. */
  readonly limits?: Partial<ClientLaneLimits>;
  /** Follows the addresses of the target. */
  readonly watch?: LaneSetOptions['watch'];
}

/**
 * Creates the transport that sends calls on lanes, one to each address of the target, and makes ordinary calls where there is
 * no lane. Nothing is opened before the first call.
 */
export function createLaneTransport(options: LaneTransportOptions): Transport {
  return new LaneTransport(options);
}

/** How a call goes: on a lane, as an ordinary call, or not yet. */
type Route = ClientLane | 'plain' | 'wait';

class LaneTransport implements Transport {
  readonly #options: LaneTransportOptions;
  readonly #limits: ClientLaneLimits;
  readonly #load: ClientLaneLoad;
  /** In the order in which they came. */
  readonly #waiting = new Set<PendingCall>();
  #waitingBytes = 0;
  #lanes: LaneSet | undefined;
  #isClosed = false;

  constructor(options: LaneTransportOptions) {
    this.#options = options;
    this.#limits = { ...clientLaneLimits, ...options.limits };
    this.#load = clientLaneLoad(options.metrics);
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
    if (this.#isClosed) return call.failSoon(withoutDetails('UNAVAILABLE', this.#options.peer));
    const route = this.#routeOf(call);
    if (route === 'wait') this.#wait(call);
    else this.#sendOn(route, call);
  }

  /** A call that waited has been given up, or its time is up. */
  forget(call: PendingCall): void {
    if (!this.#waiting.delete(call)) return;
    this.#waitingBytes -= call.request.payload.length;
    this.#load.waiting -= 1;
    if (this.#waiting.size === 0) this.#load.wakers.delete(this.#wake);
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

  #routeOf({ request, sends }: PendingCall): Route {
    if (sends >= SENDS_MAX) return 'plain';
    const lanes = (this.#lanes ??= this.#openLanes());
    const bytes = request.payload.length;
    const lane = this.#hasRoomFor(bytes) ? lanes.pick(bytes) : undefined;
    if (lane !== undefined) return lane.isTooLarge(request) || this.#isForPlain(lanes) ? 'plain' : lane;
    return lanes.isOpen || lanes.isOpening ? 'wait' : 'plain';
  }

  #openLanes(): LaneSet {
    const { target, peer, watch } = this.#options;
    const onChange = () => {
      if (this.#load.wakers.size > 0)
        this.#load.wakers
          .values()
          .toArray()
          .forEach((wake) => wake());
    };
    const options = { target, peer, load: this.#load, limits: this.#limits, onChange };
    return new LaneSet(watch === undefined ? options : { ...options, watch });
  }

  #sendOn(route: ClientLane | 'plain', call: PendingCall): void {
    if (route === 'plain') call.sendOn(this.#options.plain);
    else call.begin((listener) => route.begin(call.request, listener));
  }

  #hasRoomFor(bytes: number): boolean {
    const { processCallsMax, processBytesMax } = this.#limits;
    return this.#load.calls < processCallsMax && this.#load.bytes + bytes <= processBytesMax;
  }

  /** Servers without lanes get their share by ordinary calls. */
  #isForPlain({ plainShare }: LaneSet): boolean {
    return plainShare > 0 && Math.random() < plainShare;
  }

  #wait(call: PendingCall): void {
    const bytes = call.request.payload.length;
    const { waitingCallsMax, waitingBytesMax } = this.#limits;
    if (this.#waiting.size >= waitingCallsMax || this.#waitingBytes + bytes > waitingBytesMax) {
      // While there is no lane yet, there is another way.
      return this.#lanes?.isOpen === true
        ? call.failSoon(laneQueueFull(this.#options.peer))
        : this.#sendOn('plain', call);
    }
    this.#waiting.add(call);
    this.#waitingBytes += bytes;
    this.#load.waiting += 1;
    this.#load.wakers.add(this.#wake);
    call.startWaiting();
  }

  /** Lets calls that wait look again, first come, first served, until one must go on waiting. */
  readonly #wake = (): void => {
    for (const call of this.#waiting) {
      const route = this.#routeOf(call);
      if (route === 'wait') return;
      this.forget(call);
      call.stopWaiting();
      this.#sendOn(route, call);
    }
  };
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
    this.#timer = setTimeout(timeUp, Math.min(TIMER_MAX_MS, Math.max(1, deadlineMs - Date.now())));
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
    if (error instanceof NotStartedError) return this.#sendAgain(error);
    this.#isOver = true;
    this.stopWaiting();
    this.#listener.ended(error);
  }

  /** Whatever the method: nobody has begun it. */
  #sendAgain({ code }: NotStartedError): void {
    // Other lanes will not have the method either; the server may, for ordinary calls.
    if (code === 'UNIMPLEMENTED') this.sends = SENDS_MAX;
    this.#transport.dispatch(this);
  }
}
