/** Says how long a window is, and in how many steps it moves on. */
export interface RollingWindowOptions {
  readonly windowMs: number;
  readonly slots: number;
}

/** Counts calls and failures of the last `windowMs`, moving on a slot at a time; no timer. */
export class RollingWindow {
  readonly #slotMs: number;
  readonly #calls: number[];
  readonly #failures: number[];
  #slot = 0;
  #slotStartMs: number;
  #callsTotal = 0;
  #failuresTotal = 0;

  constructor(nowMs: number, { windowMs, slots }: RollingWindowOptions) {
    this.#slotMs = windowMs / slots;
    this.#slotStartMs = nowMs;
    this.#calls = Array<number>(slots).fill(0);
    this.#failures = Array<number>(slots).fill(0);
  }

  /** Calls in the window, as of the last count. */
  get calls(): number {
    return this.#callsTotal;
  }

  /** Failures in the window, as of the last count. */
  get failures(): number {
    return this.#failuresTotal;
  }

  countCall(nowMs: number): void {
    this.#advance(nowMs);
    this.#calls[this.#slot] = (this.#calls[this.#slot] ?? 0) + 1;
    this.#callsTotal += 1;
  }

  countFailure(nowMs: number): void {
    this.#advance(nowMs);
    this.#failures[this.#slot] = (this.#failures[this.#slot] ?? 0) + 1;
    this.#failuresTotal += 1;
  }

  clear(): void {
    this.#calls.fill(0);
    this.#failures.fill(0);
    this.#callsTotal = 0;
    this.#failuresTotal = 0;
  }

  #advance(nowMs: number): void {
    const inSlotMs = nowMs - this.#slotStartMs;
    if (inSlotMs >= 0 && inSlotMs < this.#slotMs) return;
    // A clock set back starts the present slot anew.
    const passed = Math.max(0, Math.floor(inSlotMs / this.#slotMs));
    this.#slotStartMs = passed === 0 ? nowMs : this.#slotStartMs + passed * this.#slotMs;
    if (passed >= this.#calls.length) this.clear();
    else for (let step = 0; step < passed; step += 1) this.#startSlot();
  }

  #startSlot(): void {
    this.#slot = (this.#slot + 1) % this.#calls.length;
    this.#callsTotal -= this.#calls[this.#slot] ?? 0;
    this.#failuresTotal -= this.#failures[this.#slot] ?? 0;
    this.#calls[this.#slot] = 0;
    this.#failures[this.#slot] = 0;
  }
}
