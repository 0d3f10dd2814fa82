import { AppError, isAppError } from '@gantry/errors';

import { errorCode, isSqlState } from './sql-state.ts';

// How soon a caller may come back: Postgres restarts, and fails over, within seconds rather than milliseconds.
const RETRY_AFTER_MS = 1_000;

const NETWORK_CODES: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

// pg gives these errors no code. The texts are those of pg 8.23 and pg-pool 3; a test meets each of them for real.
const CONNECTION_MESSAGES: readonly string[] = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
];
const READ_TIMEOUT_MESSAGE = 'Query read timeout';

/**
 * Turns what pg throws into an AppError where somebody handles it by type, and answers anything else unchanged.
 *
 * - no connection, connection lost, server starting, stopping or full: UNAVAILABLE, `DATABASE_UNAVAILABLE`. Whether a
 *   statement or COMMIT that was under way took effect is unknown.
 * - statement timeout: DEADLINE_EXCEEDED, `DATABASE_TIMEOUT`.
 * - deadlock, serialization failure, lock timeout: ABORTED, `DATABASE_CONFLICT`. The transaction had no effect.
 */
export function toDatabaseError(error: unknown): unknown {
  if (isAppError(error)) return error;
  if (isConnectionFailure(error)) return databaseUnavailable(error);
  if (isSqlState(error, 'QUERY_CANCELED') || hasMessage(error, [READ_TIMEOUT_MESSAGE])) return databaseTimeout(error);
  if (isSqlState(error, 'DEADLOCK_DETECTED', 'SERIALIZATION_FAILURE', 'LOCK_NOT_AVAILABLE'))
    return databaseConflict(error);
  return error;
}

/** Tells whether the connection that an error came from cannot be used again. A timed-out query is still running on it. */
export function leavesConnectionUnusable(error: unknown): boolean {
  return isConnectionFailure(error) || hasMessage(error, [READ_TIMEOUT_MESSAGE]);
}

function isConnectionFailure(error: unknown): boolean {
  const code = errorCode(error);
  // Class 08 is "connection exception".
  if (code !== undefined && (NETWORK_CODES.has(code) || /^08[0-9A-Z]{3}$/.test(code))) return true;
  if (
    isSqlState(
      error,
      'ADMIN_SHUTDOWN',
      'CRASH_SHUTDOWN',
      'CANNOT_CONNECT_NOW',
      'DATABASE_DROPPED',
      'TOO_MANY_CONNECTIONS',
      'IDLE_IN_TRANSACTION_SESSION_TIMEOUT',
      // After a failover this connection leads to a standby; a new one leads to the new primary.
      'READ_ONLY_SQL_TRANSACTION',
    )
  ) {
    return true;
  }
  return code === undefined && hasMessage(error, CONNECTION_MESSAGES);
}

function hasMessage(error: unknown, beginnings: readonly string[]): boolean {
  return error instanceof Error && beginnings.some((beginning) => error.message.startsWith(beginning));
}

function databaseUnavailable(cause: unknown): AppError {
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'DATABASE_UNAVAILABLE',
    message: 'the database cannot be reached, try again in a moment',
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}

function databaseTimeout(cause: unknown): AppError {
  return new AppError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DATABASE_TIMEOUT',
    message: 'the database took too long to answer, try again with a smaller request',
    cause,
  });
}

function databaseConflict(cause: unknown): AppError {
  return new AppError({
    code: 'ABORTED',
    reason: 'DATABASE_CONFLICT',
    message: 'the change collided with another one, try again',
    cause,
  });
}
