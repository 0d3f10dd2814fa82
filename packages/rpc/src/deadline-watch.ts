import { TIMER_MAX_MS } from './lane/lane-limits.ts';

/** Places that are none: of what has left, and of what is about to be ended. */
const GONE = -1;
const PASSED = -2;

/** Something that is to end at a time. */
export interface Due {
  /** Epoch milliseconds. */
  readonly deadlineMs: number;
  /** Its place in the watch, which sets it. */
  slot: number;
  /** Ends it: called once, when the deadline has passed and it is not watched any more. */
  timeUp(): void;
}

/**
 * Ends what is still there at its deadline, with one timer for all. A timer a call costs 0.5 to 1 µs and an object of 200 bytes,
 * and hardly ever goes off: nearly all calls end long before, so here a call that does costs a place in an array.
 *
 * As many are watched as whoever uses it lets in.
 */
export class DeadlineWatch {
  readonly #watched: Due[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off; it may be for one that has left. */
  #wakesAtMs = Infinity;

  add(due: Due): void {
    due.slot = this.#watched.length;
    this.#watched.push(due);
    if (due.deadlineMs < this.#wakesAtMs) this.#wakeAt(due.deadlineMs);
  }

  /** Does nothing when it is not watched. */
  delete(due: Due): void {
    const watched = this.#watched;
    const { slot } = due;
    due.slot = GONE;
    if (watched[slot] !== due) return;
    const last = watched.pop();
    if (last === undefined || last === due) return;
    last.slot = slot;
    watched[slot] = last;
  }

  /** Stops watching: nothing is ended any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#watched.length = 0;
  }

  #wakeAt(deadlineMs: number): void {
    clearTimeout(this.#timer);
    this.#wakesAtMs = deadlineMs;
    this.#timer = setTimeout(this.#wake, Math.min(TIMER_MAX_MS, Math.max(1, deadlineMs - Date.now())));
    // What is watched has a connection, and that keeps the process.
    this.#timer.unref();
  }

  readonly #wake = (): void => {
    const nowMs = Date.now();
    this.#wakesAtMs = Infinity;
    const passed = this.#watched.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    for (const due of passed) {
      this.delete(due);
      due.slot = PASSED;
    }
    const next = this.#watched.reduce((earliestMs, { deadlineMs }) => Math.min(earliestMs, deadlineMs), Infinity);
    if (next !== Infinity) this.#wakeAt(next);
    // One that ends may end others, which leave then.
    for (const due of passed) if (due.slot === PASSED) due.timeUp();
  };
}
