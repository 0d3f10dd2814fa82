import type { DeadlineWatch, Due } from '../deadline-watch.ts';
import type { ReplyListener, SentCall } from '../transport.ts';
import { DEFAULT_WINDOW_BYTES, NO_TIMEOUT_MS, REPLY_OVERHEAD_BYTES, TIMER_MAX_MS } from './lane-limits.ts';

/** More room is given when half of it was used: one message for many replies. */
const WINDOW_STEP_BYTES = DEFAULT_WINDOW_BYTES / 2;

/** What a call sees of its lane. */
interface LaneCallHost {
  readonly deadlines: DeadlineWatch;
  abandon(call: LaneCall): void;
  timeOut(call: LaneCall): void;
  widen(call: LaneCall, bytes: number): void;
}

/** One call in flight on a lane, at its client. */
export class LaneCall implements SentCall, Due {
  readonly id: number;
  slot = -1;
  deadlineMs = Infinity;
  readonly listener: ReplyListener;
  /** What it holds of the lane's room: the length of its request. */
  readonly heldBytes: number;
  readonly #host: LaneCallHost;
  #consumedBytes = 0;
  /** How much more the server may send; below 0 after a reply that was larger. */
  #window = DEFAULT_WINDOW_BYTES;

  constructor(
    id: number,
    { listener, heldBytes, host }: { listener: ReplyListener; heldBytes: number; host: LaneCallHost },
  ) {
    this.id = id;
    this.listener = listener;
    this.heldBytes = heldBytes;
    this.#host = host;
  }

  /** Ends the call at its deadline, in epoch milliseconds. Returns what is left until then, as a frame says it. */
  limit(deadlineMs: number): number {
    if (deadlineMs === Infinity) return NO_TIMEOUT_MS;
    this.deadlineMs = deadlineMs;
    this.#host.deadlines.add(this);
    return Math.min(TIMER_MAX_MS, Math.max(1, Math.ceil(deadlineMs - Date.now())));
  }

  timeUp(): void {
    this.#host.timeOut(this);
  }

  /** The call has ended, or is given up. */
  unlimit(): void {
    this.#host.deadlines.delete(this);
  }

  cancel(): void {
    this.#host.abandon(this);
  }

  /** Takes a reply off the window; false when the server should not have sent it. */
  receive(bytes: number): boolean {
    const isAllowed = this.#window > 0;
    this.#window -= bytes + REPLY_OVERHEAD_BYTES;
    return isAllowed;
  }

  consumed(bytes: number): void {
    this.#consumedBytes += bytes + REPLY_OVERHEAD_BYTES;
    if (this.#consumedBytes < WINDOW_STEP_BYTES) return;
    this.#window += this.#consumedBytes;
    this.#host.widen(this, this.#consumedBytes);
    this.#consumedBytes = 0;
  }
}
