import { type AppError, isOutage } from '@gantry/errors';

/** Fewer calls in an interval say nothing. */
const CALLS_MIN = 20;

/** A lane that does next to nothing well; below it, the breaker and the retries of the callers are enough. */
const FAILED_SHARE_MIN = 0.9;

/** How long a lane is left out the first time; each time in a row it is so much longer, up to a minute. */
const EJECTION_MS = 5_000;
const EJECTION_MAX_MS = 60_000;

/** The most lanes that are left out: when most of them fail, the service does, and the breaker speaks for all. */
const EJECTED_SHARE_MAX = 0.5;

/** How the calls of one address went. As outlier_detection of connection.ts, for lanes. */
export class LaneHealth {
  #calls = 0;
  #failed = 0;
  /** How often it was left out in a row. */
  #ejections = 0;
  #ejectedUntilMs = 0;

  /** Counts a call that has ended, with its error if it failed. */
  record(error: AppError | undefined): void {
    this.#calls += 1;
    if (error !== undefined && isNoAnswer(error)) this.#failed += 1;
  }

  /** Whether no calls should begin there now. */
  isEjected(nowMs: number): boolean {
    return nowMs < this.#ejectedUntilMs;
  }

  /** Ends an interval; returns whether nearly all of its calls failed. */
  endInterval(nowMs: number): boolean {
    const isFailing = this.#calls >= CALLS_MIN && this.#failed >= this.#calls * FAILED_SHARE_MIN;
    if (!isFailing && this.#ejections > 0 && !this.isEjected(nowMs)) this.#ejections -= 1;
    this.#calls = 0;
    this.#failed = 0;
    return isFailing;
  }

  /** Leaves it out for a while. */
  eject(nowMs: number): void {
    this.#ejections += 1;
    this.#ejectedUntilMs = nowMs + Math.min(EJECTION_MAX_MS, this.#ejections * EJECTION_MS);
  }
}

/**
 * Ends an interval of all lanes, and leaves out those that fail while others do not: fewest in flight would send them ever
 * more calls, the faster they fail. Returns how many were left out.
 */
export function ejectOutliers(lanes: readonly LaneHealth[], nowMs: number): number {
  const failing = lanes.filter((lane) => lane.endInterval(nowMs) && !lane.isEjected(nowMs));
  const ejected = lanes.filter((lane) => lane.isEjected(nowMs)).length;
  const room = Math.floor(lanes.length * EJECTED_SHARE_MAX) - ejected;
  const ejecting = failing.slice(0, Math.max(0, room));
  for (const lane of ejecting) lane.eject(nowMs);
  return ejecting.length;
}

/** An error of the service's own is an answer; see isSilence of client.ts. */
function isNoAnswer({ code, domain }: AppError): boolean {
  return code === 'DEADLINE_EXCEEDED' || (domain === undefined && isOutage(code));
}
