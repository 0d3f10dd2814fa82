import { isAppError, isReason } from '@gantry/errors';
import { errors } from 'undici';

import { upstreamTimedOut, upstreamUnavailable } from '../errors.ts';

/** What else is known when a read fails. */
export interface FailureContext {
  /** Aborts when the caller is gone or its deadline has passed. */
  readonly callerSignal: AbortSignal;
  /** Aborts when the exchange took too long. */
  readonly timeoutSignal: AbortSignal;
}

/** Returns the error a reader sees for what was thrown while its source was read. */
export function toReadFailure(thrown: unknown, { callerSignal, timeoutSignal }: FailureContext): unknown {
  if (callerSignal.aborted) return callerSignal.reason;
  if (timeoutSignal.aborted) return upstreamTimedOut(thrown);
  const refused = appErrorIn(thrown);
  if (isReason(refused, 'CIRCUIT_OPEN')) {
    return upstreamUnavailable('the source keeps failing', { retryAfterMs: refused.retryAfterMs, cause: thrown });
  }
  if (refused !== undefined) return refused;
  return isTimeout(thrown)
    ? upstreamTimedOut(thrown)
    : upstreamUnavailable('the source cannot be read', { cause: thrown });
}

/** Tells whether a host does not exist, as opposed to a resolver that does not answer. */
export function isUnknownHost(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOTFOUND' || thrown.code === 'ENODATA');
}

function appErrorIn(thrown: unknown): ReturnType<typeof asAppError> {
  return asAppError(thrown) ?? (thrown instanceof Error ? asAppError(thrown.cause) : undefined);
}

function asAppError(value: unknown) {
  return isAppError(value) ? value : undefined;
}

function isTimeout(thrown: unknown): boolean {
  if (thrown instanceof errors.HeadersTimeoutError || thrown instanceof errors.BodyTimeoutError) return true;
  return (
    thrown instanceof errors.ConnectTimeoutError ||
    (thrown instanceof Error && 'code' in thrown && thrown.code === 'ETIMEDOUT')
  );
}
