import { BadRequest, ErrorInfo, RetryInfo } from '@gantry/protocol/google/rpc/error_details';
import { Status } from '@gantry/protocol/google/rpc/status';

import { AppError, type FieldViolation } from './app-error.ts';
import { statusCodeOf, statusNumbers } from './status-code.ts';

/** The most bytes an encoded status may have: it travels in HTTP/2 headers, which peers cap at 8 KiB or more. */
export const STATUS_BYTES_MAX = 6 * 1024;

/** The most field violations that are sent; a caller mends the first ones first. */
export const FIELD_VIOLATIONS_MAX = 20;

/** The most characters of a message, of a metadata value and of a violation's description that are sent. */
const TEXT_CHARACTERS_MAX = 1_000;

const TYPE_PREFIX = 'type.googleapis.com/';
const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;

/**
 * Encodes an error as the google.rpc.Status of `grpc-status-details-bin`: ErrorInfo always, RetryInfo and BadRequest
 * where the error has them. Texts and lists are cut so that the result has at most STATUS_BYTES_MAX bytes. The
 * cause is left out.
 */
export function encodeStatus(error: AppError, domain: string): Uint8Array {
  const full = Status.encode(statusOf(error, domain, error.fieldViolations.slice(0, FIELD_VIOLATIONS_MAX))).finish();
  if (full.length <= STATUS_BYTES_MAX) return full;
  const { code, reason, message, retryAfterMs } = error;
  const bare = new AppError({ code, reason, message, retryAfterMs, domain: error.domain });
  return Status.encode(statusOf(bare, domain, [])).finish();
}

/** Decodes what encodeStatus made. Undefined when the bytes are not a status or carry no ErrorInfo. */
export function decodeStatus(bytes: Uint8Array): AppError | undefined {
  try {
    return fromStatus(Status.decode(bytes));
  } catch {
    // A peer that is not ours may put anything there; the caller goes on with the bare gRPC code.
    return undefined;
  }
}

function statusOf(error: AppError, domain: string, violations: readonly FieldViolation[]): Status {
  const details = [detail('google.rpc.ErrorInfo', ErrorInfo.encode(errorInfoOf(error, domain)).finish())];
  if (error.retryAfterMs !== undefined) {
    details.push(detail('google.rpc.RetryInfo', RetryInfo.encode(retryInfoOf(error.retryAfterMs)).finish()));
  }
  if (violations.length > 0) {
    const fieldViolations = violations.map(({ field, description }) => ({
      field: cut(field),
      description: cut(description),
    }));
    details.push(detail('google.rpc.BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  return { code: statusNumbers[error.code], message: cut(error.message), details };
}

function errorInfoOf(error: AppError, domain: string): ErrorInfo {
  const metadata = Object.fromEntries(Object.entries(error.metadata).map(([key, value]) => [key, cut(value)]));
  return { reason: error.reason, domain: error.domain ?? domain, metadata };
}

function retryInfoOf(retryAfterMs: number): RetryInfo {
  const whole = Math.max(0, Math.ceil(retryAfterMs));
  const seconds = BigInt(Math.floor(whole / MS_PER_SECOND));
  return { retryDelay: { seconds, nanos: (whole % MS_PER_SECOND) * NANOS_PER_MS } };
}

function detail(type: string, value: Uint8Array): Status['details'][number] {
  return { typeUrl: TYPE_PREFIX + type, value };
}

function fromStatus(status: Status): AppError | undefined {
  const find = (type: string) => status.details.find((any) => any.typeUrl === TYPE_PREFIX + type)?.value;
  const infoBytes = find('google.rpc.ErrorInfo');
  if (infoBytes === undefined) return undefined;
  const info = ErrorInfo.decode(infoBytes);
  const retryBytes = find('google.rpc.RetryInfo');
  const badRequestBytes = find('google.rpc.BadRequest');
  return new AppError({
    code: statusCodeOf(status.code),
    reason: info.reason,
    message: status.message,
    domain: info.domain,
    metadata: info.metadata,
    retryAfterMs: retryBytes && retryAfterMsOf(RetryInfo.decode(retryBytes)),
    fieldViolations: badRequestBytes ? BadRequest.decode(badRequestBytes).fieldViolations : [],
  });
}

function retryAfterMsOf({ retryDelay }: RetryInfo): number {
  if (retryDelay === undefined) return 0;
  return Number(retryDelay.seconds) * MS_PER_SECOND + Math.ceil(retryDelay.nanos / NANOS_PER_MS);
}

function cut(text: string): string {
  return text.length <= TEXT_CHARACTERS_MAX ? text : `${text.slice(0, TEXT_CHARACTERS_MAX - 1).toWellFormed()}…`;
}
