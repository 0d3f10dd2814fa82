import { type AddressWatch, watchAddresses } from './address-watch.ts';
import type { ClientLane } from './client-lane.ts';
import type { LaneLoad } from './lane-metrics.ts';
import { LaneSlot } from './lane-slot.ts';

/** What a set of lanes needs. */
export interface LaneSetOptions {
  /** A gRPC target; each of its addresses gets a lane. */
  readonly target: string;
  readonly peer: string;
  readonly load: LaneLoad;
  /** Something has changed: calls that wait may look again. */
  readonly onChange: () => void;
}

/** The lanes to all addresses of a target. */
export class LaneSet {
  readonly #options: LaneSetOptions;
  readonly #slots = new Map<string, LaneSlot>();
  readonly #watch: AddressWatch;
  #isResolved = false;
  #isClosed = false;

  constructor(options: LaneSetOptions) {
    this.#options = options;
    this.#watch = watchAddresses(options.target, (targets) => this.#follow(targets));
  }

  /** Whether a lane may be there in a moment although there is none now. */
  get isOpening(): boolean {
    if (!this.#isResolved) return !this.#isClosed;
    for (const slot of this.#slots.values()) if (slot.isOpening) return true;
    return false;
  }

  /** The share of addresses whose server has no lanes. */
  get plainShare(): number {
    let plain = 0;
    for (const slot of this.#slots.values()) if (slot.isPlain) plain += 1;
    return this.#slots.size === 0 ? 1 : plain / this.#slots.size;
  }

  /** Whether there is any lane that is open, with room or not. */
  get isOpen(): boolean {
    for (const slot of this.#slots.values()) if (slot.lane !== undefined) return true;
    return false;
  }

  /**
   * Returns a lane for a call of so many bytes: of two at random the one with fewer calls in flight, so that one that hangs
   * gets no more; undefined when none has room.
   */
  pick(bytes: number): ClientLane | undefined {
    const open: ClientLane[] = [];
    for (const { lane } of this.#slots.values()) if (lane?.hasRoomFor(bytes) === true) open.push(lane);
    if (open.length <= 1) return open[0];
    const first = Math.floor(Math.random() * open.length);
    const second = (first + 1 + Math.floor(Math.random() * (open.length - 1))) % open.length;
    return fewer(open[first], open[second]);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#watch[Symbol.dispose]();
    for (const slot of this.#slots.values()) slot[Symbol.dispose]();
    this.#slots.clear();
  }

  #follow(targets: readonly string[]): void {
    if (this.#isClosed) return;
    this.#isResolved = true;
    const wanted = new Set(targets);
    for (const [target, slot] of this.#slots) {
      if (wanted.has(target)) continue;
      this.#slots.delete(target);
      slot.retire();
    }
    const { peer, load, onChange } = this.#options;
    for (const target of wanted) {
      if (this.#slots.has(target)) continue;
      const onLost = () => this.#watch.refresh();
      this.#slots.set(target, new LaneSlot({ target, peer, load, onChange, onLost }));
    }
    onChange();
  }
}

function fewer(a: ClientLane | undefined, b: ClientLane | undefined): ClientLane | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.inFlight <= b.inFlight ? a : b;
}
