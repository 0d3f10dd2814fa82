import { type AddressWatch, watchAddresses } from './address-watch.ts';
import type { ClientLane } from './client-lane.ts';
import type { ClientLaneLimits } from './lane-limits.ts';
import type { ClientLaneLoad } from './lane-metrics.ts';
import { ejectOutliers } from './lane-outliers.ts';
import { LaneSlot } from './lane-slot.ts';

/** What a set of lanes needs. */
export interface LaneSetOptions {
  /** A gRPC target; each of its addresses gets a lane. */
  readonly target: string;
  readonly peer: string;
  readonly load: ClientLaneLoad;
  readonly limits: ClientLaneLimits;
  /** Something has changed: calls that wait may look again. */
  readonly onChange: () => void;
  /** Follows the addresses of the target. Default: {@link watchAddresses}. */
  readonly watch?: typeof watchAddresses;
}

/** The lanes to all addresses of a target. */
export class LaneSet {
  readonly #options: LaneSetOptions;
  readonly #slots = new Map<string, LaneSlot>();
  /** Slots of addresses that are gone, whose calls go on. */
  readonly #retired = new Set<LaneSlot>();
  readonly #watch: AddressWatch;
  readonly #outlierTimer: NodeJS.Timeout;
  #isResolved = false;
  #isClosed = false;

  constructor(options: LaneSetOptions) {
    this.#options = options;
    this.#watch = (options.watch ?? watchAddresses)(options.target, (targets) => this.#follow(targets));
    this.#outlierTimer = setInterval(() => this.#ejectOutliers(), options.limits.outlierIntervalMs);
    this.#outlierTimer.unref();
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
   * gets no more; undefined when none has room. Lanes that are left out count only when there is no other.
   */
  pick(bytes: number): ClientLane | undefined {
    const nowMs = Date.now();
    const lanes: ClientLane[] = [];
    const ejected: ClientLane[] = [];
    for (const { lane, health } of this.#slots.values()) {
      if (lane !== undefined) (health.isEjected(nowMs) ? ejected : lanes).push(lane);
    }
    return fewerOfTwo((lanes.length > 0 ? lanes : ejected).filter((lane) => lane.hasRoomFor(bytes)));
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearInterval(this.#outlierTimer);
    this.#watch[Symbol.dispose]();
    for (const slot of [...this.#slots.values(), ...this.#retired]) slot[Symbol.dispose]();
    this.#slots.clear();
    this.#retired.clear();
  }

  #follow(targets: readonly string[]): void {
    if (this.#isClosed) return;
    this.#isResolved = true;
    const wanted = new Set(targets);
    for (const slot of this.#retired) if (slot.isIdle) this.#retired.delete(slot);
    for (const [target, slot] of this.#slots) {
      if (wanted.has(target)) continue;
      this.#slots.delete(target);
      this.#retired.add(slot);
      slot.retire();
    }
    const { peer, load, limits, onChange } = this.#options;
    for (const target of wanted) {
      if (this.#slots.has(target)) continue;
      const onLost = () => this.#watch.refresh();
      this.#slots.set(target, new LaneSlot({ target, peer, load, limits, onChange, onLost }));
    }
    onChange();
  }

  #ejectOutliers(): void {
    const open = [...this.#slots.values()].filter(({ lane }) => lane !== undefined);
    const ejected = ejectOutliers(
      open.map(({ health }) => health),
      Date.now(),
    );
    this.#options.load.ejected(ejected);
  }
}

function fewerOfTwo(lanes: readonly ClientLane[]): ClientLane | undefined {
  if (lanes.length <= 1) return lanes[0];
  const first = Math.floor(Math.random() * lanes.length);
  const second = (first + 1 + Math.floor(Math.random() * (lanes.length - 1))) % lanes.length;
  return fewer(lanes[first], lanes[second]);
}

function fewer(a: ClientLane | undefined, b: ClientLane | undefined): ClientLane | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.inFlight <= b.inFlight ? a : b;
}
