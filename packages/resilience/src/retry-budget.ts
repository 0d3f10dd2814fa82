import { type Clock, systemClock } from '@gantry/telemetry';

/** Says how much load retries may add. */
export interface CreateRetryBudgetOptions {
  /** Retries earned by one call. Default 0.2: retries add at most 20 % to the load. */
  readonly ratio?: number;
  /** Retries allowed each second whatever the load, so that a quiet client can retry at all. Default 10. */
  readonly minPerSecond?: number;
  /** How long an earned retry can be used, in milliseconds. Default 10,000: calls of long ago do not pay for a storm now. */
  readonly ttlMs?: number;
  readonly clock?: Clock;
}

/** Bounds the retries of all calls to one upstream together: one budget per upstream, shared by its callers. */
export interface RetryBudget {
  /** Counts a call that is made for the first time; not its retries. */
  recordCall(): void;
  /** Takes one retry out of the budget; `false` when it is used up, and then the error goes to the caller. */
  tryRetry(): boolean;
}

/** Linkerd's defaults. */
const DEFAULT_RATIO = 0.2;
const DEFAULT_MIN_PER_SECOND = 10;
const DEFAULT_TTL_MS = 10_000;
/** Calls expire a tenth of the ttl at a time: precise enough, and a call costs two additions. */
const SLOTS = 10;
/** Forgives the rounding of ratios such as 0.3, which have no exact reciprocal. */
const ROUNDING = 1e-9;

/**
 * Creates a retry budget as finagle and Linkerd have it.
 *
 * However calls and failures follow each other, over any `s` seconds since the start it grants at most
 * `ratio * calls + minPerSecond * (s + 1)` retries. The guaranteed retries do not pile up beyond one second's worth.
 *
 * @throws {RangeError} when an option is negative or the ttl is not positive.
 */
export function createRetryBudget(options: CreateRetryBudgetOptions = {}): RetryBudget {
  const {
    ratio = DEFAULT_RATIO,
    minPerSecond = DEFAULT_MIN_PER_SECOND,
    ttlMs = DEFAULT_TTL_MS,
    clock = systemClock,
  } = options;
  if (!(ratio >= 0 && minPerSecond >= 0 && ttlMs > 0))
    throw new RangeError('retry budget: ratio and minPerSecond must be ≥ 0, ttlMs > 0');
  const guaranteed = new GuaranteedRetries(minPerSecond, clock);
  const earned = new EarnedRetries({ ratio, ttlMs, clock });
  return {
    recordCall: () => earned.record(),
    // The guaranteed ones first: they come back by themselves, the earned ones do not.
    tryRetry: () => guaranteed.take() || earned.take(),
  };
}

/** A token bucket that starts full and holds one second's worth. */
class GuaranteedRetries {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#tokens = perSecond;
    this.#filledAtMs = clock.now();
  }

  take(): boolean {
    const nowMs = this.#clock.now();
    // A clock set back must not take tokens away.
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (elapsedMs * this.#perSecond) / 1_000);
    if (this.#tokens < 1 - ROUNDING) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** The calls of the last `ttlMs` that no retry has been charged to yet, newest slot first. */
class EarnedRetries {
  readonly #callsPerRetry: number;
  readonly #slotMs: number;
  readonly #clock: Clock;
  readonly #unspentCalls: number[] = Array.from({ length: SLOTS }, () => 0);
  #slotStartMs: number;

  constructor({ ratio, ttlMs, clock }: { readonly ratio: number; readonly ttlMs: number; readonly clock: Clock }) {
    this.#callsPerRetry = 1 / ratio;
    this.#slotMs = ttlMs / SLOTS;
    this.#clock = clock;
    this.#slotStartMs = clock.now();
  }

  record(): void {
    this.#expire();
    this.#unspentCalls[0] = (this.#unspentCalls[0] ?? 0) + 1;
  }

  take(): boolean {
    this.#expire();
    const unspent = this.#unspentCalls.reduce((sum, calls) => sum + calls, 0);
    if (unspent < this.#callsPerRetry - ROUNDING) return false;
    this.#spend(this.#callsPerRetry);
    return true;
  }

  /** The oldest first: they are the next to expire. */
  #spend(calls: number): void {
    let rest = calls;
    for (let slot = SLOTS - 1; slot >= 0 && rest > 0; slot -= 1) {
      const spent = Math.min(rest, this.#unspentCalls[slot] ?? 0);
      this.#unspentCalls[slot] = (this.#unspentCalls[slot] ?? 0) - spent;
      rest -= spent;
    }
  }

  #expire(): void {
    const nowMs = this.#clock.now();
    if (nowMs < this.#slotStartMs) this.#slotStartMs = nowMs;
    const passed = Math.floor((nowMs - this.#slotStartMs) / this.#slotMs);
    if (passed === 0) return;
    this.#slotStartMs += passed * this.#slotMs;
    const expired = Math.min(passed, SLOTS);
    this.#unspentCalls.copyWithin(expired, 0);
    this.#unspentCalls.fill(0, 0, expired);
  }
}
