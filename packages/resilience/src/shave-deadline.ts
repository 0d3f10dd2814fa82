import { AppError } from '@gantry/errors';

/** Kept back so that our own answer, a timeout of the callee included, reaches the caller in time. Boulder's figure. */
const RETURN_OVERHEAD_MS = 20;
/** With less than this left, a call would most likely be thrown away half done. Boulder's figure. */
const MEANINGFUL_WORK_MS = 100;

/**
 * Returns the deadline for a call made on behalf of one that must end at `deadlineMs`: 20 ms earlier, so that a failure
 * of the callee can still be answered. Both times are epoch milliseconds.
 *
 * @throws {AppError} DEADLINE_TOO_CLOSE (DEADLINE_EXCEEDED) when less than 100 ms is left.
 */
export function shaveDeadline(deadlineMs: number, nowMs: number): number {
  if (deadlineMs - nowMs >= MEANINGFUL_WORK_MS) return deadlineMs - RETURN_OVERHEAD_MS;
  throw new AppError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DEADLINE_TOO_CLOSE',
    message: `less than ${MEANINGFUL_WORK_MS} ms is left before the deadline, too little to start more work; allow the call more time`,
  });
}
