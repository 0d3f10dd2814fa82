import { AppError } from '@gantry/errors';

/** The bytes of a request cannot be decoded; `cause` says why, to the log. */
export function requestMalformed(cause: unknown): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'REQUEST_MALFORMED',
    message: 'the request is not a valid message of this method; encode it with the published proto',
    cause,
  });
}
