import { backoffMs } from '@gantry/resilience';

import { ClientLane, type LaneEnd } from './client-lane.ts';
import { createLaneClient } from './lane-client.ts';
import { laneReplaced } from './lane-errors.ts';
import { type ClientLaneLimits, READER_CHECK_INTERVAL_MS } from './lane-limits.ts';
import type { ClientLaneLoad } from './lane-metrics.ts';
import { LaneHealth } from './lane-outliers.ts';

/** A server that comes back is found within a second; one that is down costs one attempt a second. */
const REOPEN = { baseMs: 100, maxMs: 1_000, random: Math.random };

/** What a slot needs. */
export interface LaneSlotOptions {
  /** The address, as a target of its own. */
  readonly target: string;
  readonly peer: string;
  readonly load: ClientLaneLoad;
  readonly limits: ClientLaneLimits;
  /** Something has changed: there is a lane, or room on one, or none any more. */
  readonly onChange: () => void;
  /** A lane was lost: the address may be gone. */
  readonly onLost: () => void;
}

/** Keeps one lane to one address: opens it, opens it again, and replaces it when it is old. */
export class LaneSlot {
  /** How its calls went, on all of its lanes. */
  readonly health = new LaneHealth();
  readonly #options: LaneSlotOptions;
  #lane: ClientLane | undefined;
  #opening: ClientLane | undefined;
  /** Lanes on which no calls begin any more, with what cuts them in the end. */
  readonly #leaving = new Map<ClientLane, NodeJS.Timeout>();
  #timer: NodeJS.Timeout | undefined;
  #giveUpTimer: NodeJS.Timeout | undefined;
  readonly #readerTimer: NodeJS.Timeout;
  #attempt = 0;
  #isPlain = false;
  #isClosed = false;

  constructor(options: LaneSlotOptions) {
    this.#options = options;
    this.#readerTimer = setInterval(() => this.#checkReaders(), READER_CHECK_INTERVAL_MS);
    this.#readerTimer.unref();
    this.#open();
  }

  /** The lane that calls may begin on; undefined while there is none. */
  get lane(): ClientLane | undefined {
    return this.#lane?.isOpen === true ? this.#lane : undefined;
  }

  /** Whether a lane may be there in a moment. */
  get isOpening(): boolean {
    return this.#opening !== undefined && this.#attempt === 0;
  }

  /** Whether the server has no lanes. */
  get isPlain(): boolean {
    return this.#isPlain && this.#lane === undefined;
  }

  /** Whether nothing goes on in it. */
  get isIdle(): boolean {
    return this.#lane === undefined && this.#opening === undefined && this.#leaving.size === 0;
  }

  /** The address is not one of the target any more: no calls begin, those in flight go on. */
  retire(): void {
    this.#close();
    this.#replace(undefined);
    if (this.#leaving.size === 0) clearInterval(this.#readerTimer);
  }

  /** Ends everything at once. */
  [Symbol.dispose](): void {
    this.#close();
    clearInterval(this.#readerTimer);
    this.#lane?.cut();
    for (const lane of this.#leaving.keys()) lane.cut();
  }

  #close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#giveUpTimer);
    this.#opening?.cut();
  }

  #open(): void {
    if (this.#isClosed || this.#opening !== undefined) return;
    const { target, peer, load, limits, onChange } = this.#options;
    const lane = new ClientLane({
      grpc: createLaneClient(target),
      peer,
      load,
      onReady: (ready) => this.#ready(ready),
      onRoom: onChange,
      onLeaving: (leaving) => this.#left(leaving),
      onOutcome: (error) => this.health.record(error),
      onEnded: (ended, end) => this.#ended(ended, end),
    });
    this.#opening = lane;
    this.#giveUpTimer = setTimeout(() => this.#giveUp(lane), limits.openingMaxMs);
    this.#giveUpTimer.unref();
  }

  #giveUp(lane: ClientLane): void {
    if (this.#opening === lane) lane.cut();
  }

  #ready(lane: ClientLane): void {
    const { load, limits, onChange } = this.#options;
    clearTimeout(this.#giveUpTimer);
    this.#opening = undefined;
    this.#attempt = 0;
    this.#isPlain = false;
    load.lanes += 1;
    load.opened();
    this.#replace(lane);
    this.#later(limits.ageMinMs + Math.random() * limits.ageJitterMs);
    onChange();
  }

  #replace(next: ClientLane | undefined): void {
    const old = this.#lane;
    this.#lane = next;
    if (old === undefined) return;
    this.#letGo(old);
    old.leave();
  }

  /** A lane has stopped taking calls by itself: the server drains it. Whether it takes another one is asked soon. */
  #left(lane: ClientLane): void {
    if (lane !== this.#lane) return;
    this.#lane = undefined;
    this.#letGo(lane);
    this.#later(backoffMs(1, REOPEN));
    this.#options.onChange();
  }

  #letGo(lane: ClientLane): void {
    const timer = setTimeout(() => lane.cut(laneReplaced(this.#options.peer)), this.#options.limits.leaveMaxMs);
    timer.unref();
    this.#leaving.set(lane, timer);
  }

  #ended(lane: ClientLane, end: LaneEnd): void {
    lane.grpc.close();
    if (lane === this.#opening) this.#openingFailed(end);
    else this.#lost(lane, end);
    if (!this.#isClosed) this.#options.onChange();
    else if (this.isIdle) clearInterval(this.#readerTimer);
  }

  #openingFailed({ isUnsupported }: LaneEnd): void {
    clearTimeout(this.#giveUpTimer);
    this.#opening = undefined;
    this.#attempt += 1;
    this.#isPlain = isUnsupported;
    // Beside an old lane that still works a failed attempt is only tried again.
    this.#later(isUnsupported ? this.#options.limits.askAgainMs : backoffMs(this.#attempt, REOPEN));
  }

  #lost(lane: ClientLane, { code }: LaneEnd): void {
    const { load, onLost } = this.#options;
    load.lanes -= 1;
    load.ended(code);
    clearTimeout(this.#leaving.get(lane));
    this.#leaving.delete(lane);
    if (lane !== this.#lane) return;
    this.#lane = undefined;
    this.#later(backoffMs(1, REOPEN));
    if (!this.#isClosed) onLost();
  }

  #checkReaders(): void {
    const nowMs = Date.now();
    this.#lane?.checkReader(nowMs);
    for (const lane of this.#leaving.keys()) lane.checkReader(nowMs);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#open(), ms);
    this.#timer.unref();
  }
}
