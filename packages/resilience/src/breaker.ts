import { EventEmitter } from 'node:events';

import { AppError, isOutage, toAppError } from '@gantry/errors';
import { type Clock, type Registry, systemClock } from '@gantry/telemetry';
import CircuitBreaker from 'opossum';

import { type BreakerMetrics, breakerMetrics } from './breaker-metrics.ts';

/** Closed lets calls through, open refuses them, half-open lets one through to see. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Says what a breaker guards and when it opens. */
export interface CreateBreakerOptions {
  /** Names what is guarded: the metric label `breaker`. Take it from configuration, never from a request. */
  readonly name: string;
  /** Receives `gantry_breaker_state{breaker}` and `gantry_breaker_rejected_total{breaker}`. */
  readonly metrics: Registry;
  readonly clock?: Clock;
  /** Share of failed calls in the window at which the breaker opens, above 0 and at most 1. Default 0.5. */
  readonly failureRatio?: number;
  /** Calls the window must hold before the breaker may open. Default 5. */
  readonly minimumCalls?: number;
  /** Length of the rolling window, in milliseconds. Default 10,000. */
  readonly windowMs?: number;
  /** How long the breaker stays open before it lets a probe through, in milliseconds. Default 1,000. */
  readonly openMs?: number;
  /**
   * Tells which errors speak against the callee. Default: the codes of an outage (UNAVAILABLE, DEADLINE_EXCEEDED,
   * INTERNAL, UNKNOWN, DATA_LOSS), but not the reasons CIRCUIT_OPEN and DEADLINE_TOO_CLOSE, with which a healthy process
   * refuses work. What is not an AppError is judged as `toAppError` sees it.
   */
  readonly isFailure?: (error: unknown) => boolean;
}

/** Refuses calls to a callee that keeps failing, so that neither side wastes time on them. */
export interface Breaker {
  /**
   * Runs the operation unless the breaker is open; its value or error rises unchanged.
   *
   * The breaker has no timeout of its own: the operation ends by its deadline. For a stream, give it a promise that
   * settles when the stream has begun, as a probe that never settles keeps the breaker half-open.
   *
   * @throws {AppError} CIRCUIT_OPEN (UNAVAILABLE) at once while the breaker is open, with `retryAfterMs`.
   */
  run<T>(operation: () => Promise<T>): Promise<T>;
  readonly state: BreakerState;
  /** Releases the timer and the metric series. Calls made later run unguarded. */
  close(): void;
}

const DEFAULT_FAILURE_RATIO = 0.5;
/** One failure of one call is not an outage. */
const DEFAULT_MINIMUM_CALLS = 5;
const DEFAULT_WINDOW_MS = 10_000;
const DEFAULT_OPEN_MS = 1_000;
/** The window moves on by a tenth at a time. */
const WINDOW_SLOTS = 10;
/** opossum opens above its percentage, we at it; smaller than the step between two ratios of any window that fits in memory. */
const PERCENTAGE_MARGIN = 1e-6;
const REFUSAL_REASONS: ReadonlySet<string> = new Set(['CIRCUIT_OPEN', 'DEADLINE_TOO_CLOSE']);
const STATE_VALUES = { closed: 0, 'half-open': 1, open: 2 } satisfies Record<BreakerState, number>;

/**
 * Creates a circuit breaker: closed, and counting the calls of a rolling window.
 *
 * @throws {RangeError} when the ratio is not above 0 and at most 1, or a count or duration is not positive.
 */
export function createBreaker(options: CreateBreakerOptions): Breaker {
  return new OpossumBreaker({
    clock: systemClock,
    failureRatio: DEFAULT_FAILURE_RATIO,
    minimumCalls: DEFAULT_MINIMUM_CALLS,
    windowMs: DEFAULT_WINDOW_MS,
    openMs: DEFAULT_OPEN_MS,
    isFailure: speaksAgainstCallee,
    ...options,
  });
}

class OpossumBreaker implements Breaker {
  readonly #options: Required<CreateBreakerOptions>;
  readonly #metrics: BreakerMetrics;
  readonly #circuit: CircuitBreaker<[Promise<void>]>;
  readonly #slots = new EventEmitter();
  #slotStartMs: number;
  #openedAtMs = 0;
  /** Counts the changes of state: a call begun before the last one says nothing about the present. */
  #era = 0;
  #isClosed = false;

  constructor(options: Required<CreateBreakerOptions>) {
    assertLimits(options);
    this.#options = options;
    this.#metrics = breakerMetrics(options.metrics);
    this.#slotStartMs = options.clock.now();
    this.#circuit = new CircuitBreaker((verdict) => verdict, {
      timeout: false,
      resetTimeout: options.openMs,
      errorThresholdPercentage: options.failureRatio * 100 - PERCENTAGE_MARGIN,
      volumeThreshold: options.minimumCalls,
      rollingCountTimeout: options.windowMs,
      rollingCountBuckets: WINDOW_SLOTS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // We move the window ourselves, on calls: no timer per breaker, and it can be emptied.
      rotateBucketController: this.#slots,
    });
    this.#circuit.on('open', () => this.#enter('open'));
    this.#circuit.on('halfOpen', () => this.#enter('half-open'));
    this.#circuit.on('close', () => this.#enter('closed'));
    this.#report('closed');
  }

  get state(): BreakerState {
    if (this.#circuit.opened) return 'open';
    return this.#circuit.halfOpen ? 'half-open' : 'closed';
  }

  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return operation();
    // Asked here and not left to opossum, which counts refusals as calls: they would water the failures down.
    if (!this.#circuit.closed && !this.#circuit.pendingClose) throw this.#refusal();
    this.#advanceWindow();
    const era = this.#era;
    // opossum hears of the outcome through a promise of its own, so that it can be kept from hearing of it.
    const verdict = Promise.withResolvers<void>();
    const heard = this.#circuit.fire(verdict.promise).catch(() => {});
    try {
      const value = await operation();
      if (era === this.#era) await this.#tell(verdict.resolve, heard);
      return value;
    } catch (error) {
      // A cancelled call, also a cancelled probe, says nothing of the callee: whoever cancels must not keep others out.
      const settle = this.#options.isFailure(error) ? () => verdict.reject(error) : verdict.resolve;
      if (era === this.#era) await this.#tell(settle, heard);
      throw error;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#era += 1;
    this.#circuit.shutdown();
    this.#metrics.state.remove(this.#options.name);
    this.#metrics.rejected.remove(this.#options.name);
  }

  /** Waits until opossum has counted the outcome, so that the caller sees the state that follows from it. */
  async #tell(settle: () => void, heard: Promise<void>): Promise<void> {
    this.#advanceWindow();
    settle();
    await heard;
  }

  #enter(state: BreakerState): void {
    this.#era += 1;
    if (state === 'open') this.#openedAtMs = this.#options.clock.now();
    // What was counted before the callee came back is not held against it.
    if (state === 'closed') this.#rotate(WINDOW_SLOTS);
    this.#report(state);
  }

  #report(state: BreakerState): void {
    this.#metrics.state.set({ breaker: this.#options.name }, STATE_VALUES[state]);
  }

  #refusal(): AppError {
    const { name, openMs, clock } = this.#options;
    this.#metrics.rejected.inc({ breaker: name });
    const leftMs = this.#circuit.opened ? this.#openedAtMs + openMs - clock.now() : openMs;
    return new AppError({
      code: 'UNAVAILABLE',
      reason: 'CIRCUIT_OPEN',
      message: `${name} keeps failing and is not called for a moment; try again later`,
      metadata: { breaker: name },
      retryAfterMs: Math.min(openMs, Math.max(1, leftMs)),
    });
  }

  #advanceWindow(): void {
    const nowMs = this.#options.clock.now();
    const slotMs = this.#options.windowMs / WINDOW_SLOTS;
    // A clock set back starts the present slot anew.
    if (nowMs < this.#slotStartMs) this.#slotStartMs = nowMs;
    const passed = Math.floor((nowMs - this.#slotStartMs) / slotMs);
    this.#slotStartMs += passed * slotMs;
    this.#rotate(Math.min(passed, WINDOW_SLOTS));
  }

  #rotate(slots: number): void {
    for (let slot = 0; slot < slots; slot += 1) this.#slots.emit('rotate');
  }
}

function speaksAgainstCallee(error: unknown): boolean {
  const { code, reason } = toAppError(error);
  return isOutage(code) && !REFUSAL_REASONS.has(reason);
}

function assertLimits({ failureRatio, minimumCalls, windowMs, openMs }: Required<CreateBreakerOptions>): void {
  if (!(failureRatio > 0 && failureRatio <= 1))
    throw new RangeError(`breaker: failureRatio ${failureRatio} is not above 0 and at most 1`);
  if (!Number.isInteger(minimumCalls) || minimumCalls < 1)
    throw new RangeError(`breaker: minimumCalls ${minimumCalls} is not a positive integer`);
  if (!(windowMs > 0 && openMs > 0)) throw new RangeError('breaker: windowMs and openMs must be positive');
}
