import type { Clock } from '@gantry/telemetry';

/** A clock that moves when it is told to. */
export interface FakeClock extends Clock {
  /** Moves on by this many milliseconds; less than 0 moves back, as a wall clock may. */
  advance(ms: number): void;
  /** Jumps to a time in epoch milliseconds. */
  set(epochMs: number): void;
}

// An arbitrary fixed moment, 2026-01-01T00:00:00Z: tests must not depend on when they run.
const START_MS = 1_767_225_600_000;

/** Creates a clock that stands still, by default at the beginning of 2026. */
export function fakeClock(startMs: number = START_MS): FakeClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    set: (epochMs) => {
      nowMs = epochMs;
    },
  };
}
