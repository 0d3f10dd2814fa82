export { AppError, type AppErrorInit, type FieldViolation, isAppError, isReason } from './app-error.ts';
export { isOutage, isRetryable, type StatusCode, statusCodeOf, statusNumbers } from './status-code.ts';
export { cancelled, deadlineExceeded, toAppError } from './to-app-error.ts';
export { decodeStatus, encodeStatus, FIELD_VIOLATIONS_MAX, STATUS_BYTES_MAX } from './wire.ts';
