import { AppError } from '@gantry/errors';

// ioredis has no codes for these; the texts are those of 6.0.0 and a test provokes the ones that can be provoked.
const CLIENT_MESSAGES: readonly string[] = [
  'Command timed out',
  'Connection is closed.',
  "Stream isn't writeable and enableOfflineQueue options is false",
  "Cluster isn't ready and enableOfflineQueue options is false",
  'None of startup nodes is available',
  'Command aborted due to connection close',
];
const CLIENT_ERRORS: ReadonlySet<string> = new Set([
  'MaxRetriesPerRequestError',
  'ClusterAllFailedError',
  'AbortError',
]);
// Replies of a server that is up but cannot serve: starting, failing over, without a quorum, out of disk.
const SERVER_STATES = /^(?:LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|UNBLOCKED)\b/;
const SOCKET_CODES = /^E(?:CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN)/;

/** Tells whether an error means that Redis could not be reached or could not serve, as opposed to a wrong command. */
export function isRedisOutage(error: unknown): boolean {
  if (!(error instanceof Error)) {
    return false;
  }
  if (CLIENT_ERRORS.has(error.name) || CLIENT_MESSAGES.some((message) => error.message.startsWith(message))) {
    return true;
  }
  return SERVER_STATES.test(error.message) || ('code' in error && SOCKET_CODES.test(String(error.code)));
}

/**
 * Turns an outage of Redis into an AppError and returns every other error as it is.
 *
 * The AppError is UNAVAILABLE REDIS_UNAVAILABLE with the original error as cause.
 */
export function toRedisError(error: unknown): unknown {
  if (!isRedisOutage(error)) {
    return error;
  }
  return new AppError({
    code: 'UNAVAILABLE',
    reason: 'REDIS_UNAVAILABLE',
    message: 'the shared store is not available, try again',
    cause: error,
  });
}
