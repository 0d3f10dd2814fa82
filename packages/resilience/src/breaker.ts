import { EventEmitter } from 'node:events';

import { AppError, isOutage, toAppError } from '@gantry/errors';
import { type Clock, type Registry, systemClock } from '@gantry/telemetry';
import CircuitBreaker from 'opossum';

import { type BreakerMetrics, breakerMetrics } from './breaker-metrics.ts';
import { RollingWindow } from './rolling-window.ts';

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
  /**
   * Begins a call that is not a promise, unless the breaker is open: a `run` for callbacks, without its promises.
   *
   * Call what it returns exactly once, when the call has ended: with its error, or with nothing when it went well. After a
   * probe the state follows a few microtasks later.
   *
   * @throws {AppError} CIRCUIT_OPEN (UNAVAILABLE) at once while the breaker is open, with `retryAfterMs`.
   */
  begin(): (error?: unknown) => void;
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

/** Ends a call; what it returns, if anything, is to be awaited before the state is looked at. */
type EndCall = (error?: unknown) => Promise<void> | undefined;

const endUnguarded: EndCall = () => undefined;

/**
 * opossum is the state machine: it opens, waits, lets one probe through and judges it. The calls of a closed breaker, which
 * are nearly all, are counted here, because its `fire` costs three promises and two events a call.
 */
class OpossumBreaker implements Breaker {
  readonly #options: Required<CreateBreakerOptions>;
  readonly #metrics: BreakerMetrics;
  readonly #circuit: CircuitBreaker<[Promise<void>]>;
  readonly #window: RollingWindow;
  #openedAtMs = 0;
  /** Counts the changes of state: a call begun before the last one says nothing about the present. */
  #era = 0;
  /** Ends the calls of this era, all alike while the breaker is closed. */
  #endOfEra: EndCall = this.#endIn(0);
  #isClosed = false;

  constructor(options: Required<CreateBreakerOptions>) {
    assertLimits(options);
    this.#options = options;
    this.#metrics = breakerMetrics(options.metrics);
    this.#window = new RollingWindow(options.clock.now(), { windowMs: options.windowMs, slots: WINDOW_SLOTS });
    this.#circuit = new CircuitBreaker((verdict) => verdict, {
      timeout: false,
      resetTimeout: options.openMs,
      errorThresholdPercentage: options.failureRatio * 100,
      volumeThreshold: options.minimumCalls,
      rollingCountTimeout: options.windowMs,
      rollingCountBuckets: WINDOW_SLOTS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // It sees probes only, which it judges one by one; without this it would hold a timer to move its own window.
      rotateBucketController: new EventEmitter(),
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
    const end = this.begin();
    try {
      const value = await operation();
      const heard = end();
      if (heard !== undefined) await heard;
      return value;
    } catch (error) {
      await end(error ?? new Error('the operation failed without saying why'));
      throw error;
    }
  }

  begin(): EndCall {
    if (this.#isClosed) return endUnguarded;
    if (this.#circuit.closed) {
      this.#window.countCall(this.#options.clock.now());
      return this.#endOfEra;
    }
    // Asked here and not left to opossum, which counts refusals as calls.
    if (!this.#circuit.pendingClose) throw this.#refusal();
    return this.#beginProbe();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#era += 1;
    this.#circuit.shutdown();
    this.#metrics.state.remove(this.#options.name);
    this.#metrics.rejected.remove(this.#options.name);
  }

  #beginProbe(): EndCall {
    const era = this.#era;
    // opossum hears of the outcome through a promise of its own, so that it can be kept from hearing of it.
    const verdict = Promise.withResolvers<void>();
    const heard = this.#circuit.fire(verdict.promise).catch(() => {});
    return (error) => {
      if (era !== this.#era) return undefined;
      if (this.#isFailure(error)) verdict.reject(error);
      else verdict.resolve();
      return heard;
    };
  }

  #endIn(era: number): EndCall {
    return (error) => {
      if (era === this.#era && this.#isFailure(error)) this.#countFailure();
      return undefined;
    };
  }

  /** A cancelled call, also a cancelled probe, says nothing of the callee: whoever cancels must not keep others out. */
  #isFailure(error: unknown): boolean {
    return error !== undefined && this.#options.isFailure(error);
  }

  #countFailure(): void {
    const { clock, minimumCalls, failureRatio } = this.#options;
    this.#window.countFailure(clock.now());
    const { calls, failures } = this.#window;
    if (calls >= minimumCalls && failures / calls >= failureRatio) this.#circuit.open();
  }

  #enter(state: BreakerState): void {
    this.#era += 1;
    this.#endOfEra = this.#endIn(this.#era);
    if (state === 'open') this.#openedAtMs = this.#options.clock.now();
    // What was counted before the callee came back is not held against it.
    if (state === 'closed') this.#window.clear();
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
