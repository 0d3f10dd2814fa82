import { ErrorInfo } from '@gantry/protocol/google/rpc/error_details';
import { Status } from '@gantry/protocol/google/rpc/status';
import { type ServiceError, status } from '@grpc/grpc-js';

import { connectionFailed, connectionLost, SessionError, sessionRefused } from './errors.ts';

const ERROR_INFO_TYPE = 'type.googleapis.com/google.rpc.ErrorInfo';

/** What the requests without an answer are told, and whether to go on. */
export interface StreamEnd {
  readonly error: SessionError;
  /** Whether it can be otherwise next time. */
  readonly isFinal: boolean;
}

/** The gateway answers all that it has begun before it ends a session with one of these. */
const notBegun: ReadonlySet<string> = new Set(['GATEWAY_DRAINING', 'SESSION_AGED']);

/** Statuses that a session of the same kind would end with again. */
const finalCodes: ReadonlySet<status> = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
]);

/**
 * Returns what the end of a stream means; undefined stands for an end without an error that nobody asked for. Nothing was sent
 * on a stream that was never open, so whatever it ended with, nothing was begun.
 */
export function toStreamEnd(cause: ServiceError | undefined, { wasOpen }: { readonly wasOpen: boolean }): StreamEnd {
  const unexplained = wasOpen ? connectionLost : connectionFailed;
  if (cause === undefined) return { error: unexplained(undefined), isFinal: false };
  const isFinal = finalCodes.has(cause.code);
  const code = status[cause.code];
  const reason = reasonOf(cause);
  if (reason === undefined)
    return { error: isFinal ? sessionRefused(code, cause, wasOpen) : unexplained(cause), isFinal };
  const mayHaveRun = wasOpen && !notBegun.has(reason);
  return { error: new SessionError({ code, reason, message: cause.details, mayHaveRun, cause }), isFinal };
}

function reasonOf(error: ServiceError): string | undefined {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!(bytes instanceof Buffer)) return undefined;
  try {
    const info = Status.decode(bytes).details.find(({ typeUrl }) => typeUrl === ERROR_INFO_TYPE);
    return info === undefined ? undefined : ErrorInfo.decode(info.value).reason;
  } catch {
    // Something in between has made it up.
    return undefined;
  }
}
