import type { ReplyListener, SentCall } from '../transport.ts';
import { DEFAULT_WINDOW_BYTES, NO_TIMEOUT_MS } from './lane-limits.ts';

/** More room is given when half of it was used: one message for many replies. */
const WINDOW_STEP_BYTES = DEFAULT_WINDOW_BYTES / 2;

/** setTimeout takes no more; a deadline beyond it is as good as none. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** What a call sees of its lane. */
interface LaneCallHost {
  abandon(call: LaneCall): void;
  timeOut(call: LaneCall): void;
  widen(call: LaneCall, bytes: number): void;
}

/** One call in flight on a lane, at its client. */
export class LaneCall implements SentCall {
  readonly id: number;
  readonly listener: ReplyListener;
  /** What it holds of the lane's room: the length of its request. */
  readonly heldBytes: number;
  readonly #host: LaneCallHost;
  #timer: NodeJS.Timeout | undefined;
  #consumedBytes = 0;

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
  startTimer(deadlineMs: number): number {
    if (deadlineMs === Infinity) return NO_TIMEOUT_MS;
    const leftMs = Math.min(TIMER_MAX_MS, Math.max(1, Math.ceil(deadlineMs - Date.now())));
    this.#timer = setTimeout(() => this.#host.timeOut(this), leftMs);
    return leftMs;
  }

  stopTimer(): void {
    clearTimeout(this.#timer);
  }

  cancel(): void {
    this.#host.abandon(this);
  }

  consumed(bytes: number): void {
    this.#consumedBytes += bytes;
    if (this.#consumedBytes < WINDOW_STEP_BYTES) return;
    this.#host.widen(this, this.#consumedBytes);
    this.#consumedBytes = 0;
  }
}
