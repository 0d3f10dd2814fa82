import { backoffMs } from '@gantry/resilience';

import { ClientLane, type LaneEnd } from './client-lane.ts';
import { createLaneClient } from './lane-client.ts';
import type { LaneLoad } from './lane-metrics.ts';

/** A server that comes back is found within a second; one that is down costs one attempt a second. */
const REOPEN = { baseMs: 100, maxMs: 1_000, random: Math.random };

/** How soon a server is asked for lanes again that has none: it may have been replaced by a newer one. */
const ASK_AGAIN_MS = 60_000;

/** How long a lane may take to open before calls stop waiting for it. */
const OPENING_MAX_MS = 2_000;

/**
 * How old a lane gets: below the five minutes after which servers close connections, so that it is replaced before it is
 * cut. Behind a virtual address the new connection may lead to another replica, so new ones get their share.
 */
const AGE_MIN_MS = 3 * 60_000;
const AGE_JITTER_MS = 60_000;

/** How long calls of a lane that was replaced may go on: as long as servers let those of an old connection. */
const LEAVE_MAX_MS = 60_000;

/** How often it is looked whether the server reads. */
const READER_CHECK_INTERVAL_MS = 5_000;

/** What a slot needs. */
export interface LaneSlotOptions {
  /** The address, as a target of its own. */
  readonly target: string;
  readonly peer: string;
  readonly load: LaneLoad;
  /** Something has changed: there is a lane, or room on one, or none any more. */
  readonly onChange: () => void;
  /** A lane was lost: the address may be gone. */
  readonly onLost: () => void;
}

/** Keeps one lane to one address: opens it, opens it again, and replaces it when it is old. */
export class LaneSlot {
  readonly #options: LaneSlotOptions;
  #lane: ClientLane | undefined;
  #opening: ClientLane | undefined;
  readonly #leaving = new Set<ClientLane>();
  #timer: NodeJS.Timeout | undefined;
  #giveUpTimer: NodeJS.Timeout | undefined;
  readonly #readerTimer: NodeJS.Timeout;
  #attempt = 0;
  #isPlain = false;
  #isClosed = false;

  constructor(options: LaneSlotOptions) {
    this.#options = options;
    this.#readerTimer = setInterval(() => this.#lane?.checkReader(Date.now()), READER_CHECK_INTERVAL_MS);
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
    return this.#isPlain;
  }

  /** The address is not one of the target any more: no calls begin, those in flight go on. */
  retire(): void {
    this.#close();
    this.#replace(undefined);
  }

  /** Ends everything at once. */
  [Symbol.dispose](): void {
    this.#close();
    this.#lane?.cut();
    for (const lane of this.#leaving) lane.cut();
  }

  #close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#giveUpTimer);
    clearInterval(this.#readerTimer);
    this.#opening?.cut();
  }

  #open(): void {
    if (this.#isClosed || this.#opening !== undefined) return;
    const { target, peer, load, onChange } = this.#options;
    const lane = new ClientLane({
      grpc: createLaneClient(target),
      peer,
      load,
      onReady: (ready) => this.#ready(ready),
      onChange,
      onEnded: (ended, end) => this.#ended(ended, end),
    });
    this.#opening = lane;
    this.#giveUpTimer = setTimeout(() => this.#giveUp(lane), OPENING_MAX_MS);
    this.#giveUpTimer.unref();
  }

  #giveUp(lane: ClientLane): void {
    if (this.#opening === lane) lane.cut();
  }

  #ready(lane: ClientLane): void {
    clearTimeout(this.#giveUpTimer);
    this.#opening = undefined;
    this.#attempt = 0;
    this.#isPlain = false;
    this.#options.load.lanes += 1;
    this.#options.load.opened();
    this.#replace(lane);
    this.#later(AGE_MIN_MS + Math.random() * AGE_JITTER_MS);
    this.#options.onChange();
  }

  #replace(next: ClientLane | undefined): void {
    const old = this.#lane;
    this.#lane = next;
    if (old === undefined) return;
    this.#leaving.add(old);
    old.leave();
    setTimeout(() => old.cut(), LEAVE_MAX_MS).unref();
  }

  #ended(lane: ClientLane, end: LaneEnd): void {
    const { load, onChange, onLost } = this.#options;
    if (lane === this.#opening) {
      clearTimeout(this.#giveUpTimer);
      this.#opening = undefined;
      this.#attempt += 1;
      this.#isPlain = end === 'unsupported';
      // Beside an old lane that still works a failed attempt is only tried again.
      this.#later(this.#isPlain ? ASK_AGAIN_MS : backoffMs(this.#attempt, REOPEN));
    } else {
      load.lanes -= 1;
      load.ended(end);
      this.#leaving.delete(lane);
      if (lane === this.#lane) {
        this.#lane = undefined;
        this.#later(backoffMs(1, REOPEN));
        if (!this.#isClosed) onLost();
      }
    }
    if (!this.#isClosed) onChange();
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#open(), ms);
    this.#timer.unref();
  }
}
