import { AppError, decodeStatus, encodeStatus, type StatusCode, statusCodeOf, statusNumbers } from '@gantry/errors';
import { Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';

import { metadataKeys } from './metadata-keys.ts';

/**
 * The most characters of the message in `grpc-message`, where each may take twelve bytes. The whole message is in the details;
 * this one is for clients that read no details.
 */
const DETAILS_CHARACTERS_MAX = 300;

/** Returns the status and trailers that answer a failed call. */
export function toStatusObject(error: AppError, domain: string): StatusObject {
  const metadata = new Metadata();
  metadata.set(metadataKeys.statusDetails, Buffer.from(encodeStatus(error, domain)));
  return {
    code: statusNumbers[error.code],
    details: error.message.slice(0, DETAILS_CHARACTERS_MAX).toWellFormed(),
    metadata,
  };
}

/** Returns the error a failed call was answered with, or the one that says why there was no answer. */
export function fromServiceError(error: ServiceError, peer: string): AppError {
  const [details] = error.metadata?.get(metadataKeys.statusDetails) ?? [];
  const decoded = details instanceof Buffer ? decodeStatus(details) : undefined;
  return decoded ?? withoutDetails(statusCodeOf(error.code), peer, error);
}

/** Returns the error of a call that ended with a code and no details of ours: the service did not say it, the way to it did. */
export function withoutDetails(code: StatusCode, peer: string, cause?: unknown): AppError {
  switch (code) {
    case 'UNAVAILABLE':
      return new AppError({
        code,
        reason: 'SERVICE_UNAVAILABLE',
        message: `the ${peer} service cannot be reached; try again`,
        metadata: { service: peer },
        cause,
      });
    case 'DEADLINE_EXCEEDED':
      return new AppError({
        code,
        reason: 'DEADLINE_EXCEEDED',
        message: `the ${peer} service did not answer before the deadline; try again with a longer one`,
        metadata: { service: peer },
        cause,
      });
    case 'CANCELLED':
      return new AppError({ code, reason: 'CANCELLED', message: 'the call was cancelled', cause });
    case 'RESOURCE_EXHAUSTED':
      return new AppError({
        code,
        reason: 'MESSAGE_TOO_LARGE',
        message: `a message to or from the ${peer} service is too large`,
        metadata: { service: peer },
        cause,
      });
    case 'UNIMPLEMENTED':
      return new AppError({
        code,
        reason: 'METHOD_UNIMPLEMENTED',
        message: `the ${peer} service does not offer this method`,
        metadata: { service: peer },
        cause,
      });
    default:
      return new AppError({
        code,
        reason: `${code}_FROM_PEER`,
        message: `the ${peer} service failed`,
        metadata: { service: peer },
        cause,
      });
  }
}
