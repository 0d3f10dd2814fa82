import { AppError, isAppError } from './app-error.ts';

/**
 * Returns the error that may leave the process for a value that was thrown. An AppError is returned as it is; an abort
 * becomes CANCELLED or DEADLINE_EXCEEDED by its reason; anything else is a bug or an outage and becomes INTERNAL
 * with a fixed message, the value kept as its cause for the log.
 */
export function toAppError(thrown: unknown): AppError {
  if (isAppError(thrown)) return thrown;
  if (isNamed(thrown, 'TimeoutError')) return deadlineExceeded(thrown);
  if (isNamed(thrown, 'AbortError')) return cancelled(thrown);
  return new AppError({ code: 'INTERNAL', reason: 'INTERNAL', message: 'internal error', cause: thrown });
}

/** Returns the error for a call whose deadline has passed. */
export function deadlineExceeded(cause?: unknown): AppError {
  return new AppError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DEADLINE_EXCEEDED',
    message: 'the deadline passed before the call was done; try again with a longer one',
    cause,
  });
}

/** Returns the error for a call whose caller has gone. */
export function cancelled(cause?: unknown): AppError {
  return new AppError({ code: 'CANCELLED', reason: 'CANCELLED', message: 'the call was cancelled', cause });
}

function isNamed(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && value.name === name;
}
