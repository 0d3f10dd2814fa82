/** A time in which one target gets requests. */
export interface ScheduledWindow {
  /** Which target: an index. */
  readonly target: number;
  /** When its first request is due, after the start. */
  readonly startMs: number;
}

/** Between two windows, so that what one target left to be done is less of a burden to the next. */
export const GAP_MS = 100;

/** What is to be scheduled. */
export interface ScheduleOptions {
  readonly targets: number;
  /** Of each target. */
  readonly windows: number;
  readonly windowMs: number;
}

/** Lays out windows so that each target has one in each cycle; the order is turned by one, so that none always follows the same one. */
export function scheduleWindows({ targets, windows, windowMs }: ScheduleOptions): ScheduledWindow[] {
  return Array.from({ length: windows * targets }, (_, index) => {
    const cycle = Math.floor(index / targets);
    return { target: (index + cycle) % targets, startMs: index * (windowMs + GAP_MS) };
  });
}
