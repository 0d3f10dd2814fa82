import { type AppError, isOutage, type StatusCode } from '@gantry/errors';

import type { Dialect } from './dialect.ts';

/** The error object of a JSON-RPC response. */
export interface JsonRpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;
const AUTHENTICATION_FAILED = -32_000;
const AUTHORIZATION_DENIED = -32_001;
const RESOURCE_NOT_FOUND = -32_002;
const TOOL_EXECUTION_FAILED = -32_003;
const RATE_LIMIT_EXCEEDED = -32_004;
const HEADER_MISMATCH = -32_020;
const UNSUPPORTED_PROTOCOL_VERSION = -32_022;

/** Codes of our own lie outside of what JSON-RPC and MCP reserve: this, plus gRPC's number of the status. */
const nativeCodes = {
  INVALID_ARGUMENT: INVALID_PARAMS,
  OUT_OF_RANGE: INVALID_PARAMS,
  NOT_FOUND: INVALID_PARAMS,
  UNIMPLEMENTED: METHOD_NOT_FOUND,
  UNAUTHENTICATED: AUTHENTICATION_FAILED,
  PERMISSION_DENIED: AUTHORIZATION_DENIED,
  RESOURCE_EXHAUSTED: RATE_LIMIT_EXCEEDED,
  FAILED_PRECONDITION: INTERNAL_ERROR,
  ALREADY_EXISTS: INTERNAL_ERROR,
  ABORTED: INTERNAL_ERROR,
  UNAVAILABLE: INTERNAL_ERROR,
  DEADLINE_EXCEEDED: INTERNAL_ERROR,
  CANCELLED: INTERNAL_ERROR,
  INTERNAL: INTERNAL_ERROR,
  UNKNOWN: INTERNAL_ERROR,
  DATA_LOSS: INTERNAL_ERROR,
} as const satisfies Record<StatusCode, number>;

/** The native codes -32000 to -32004 never appear in MCP: 1000 and gRPC's number of the status stand for them. */
const mcpCodes = {
  ...nativeCodes,
  UNAUTHENTICATED: 1_016,
  PERMISSION_DENIED: 1_007,
  RESOURCE_EXHAUSTED: 1_008,
  FAILED_PRECONDITION: 1_009,
  ALREADY_EXISTS: 1_006,
  ABORTED: 1_010,
} as const satisfies Record<StatusCode, number>;

const codesByDialect: Readonly<Record<Dialect, Record<StatusCode, number>>> = {
  native: nativeCodes,
  legacy: mcpCodes,
  modern: mcpCodes,
};

/** Reasons whose code says more than that of their status. */
const codeByReason: ReadonlyMap<string, number> = new Map([
  ['PARSE_ERROR', PARSE_ERROR],
  ['REQUEST_INVALID', INVALID_REQUEST],
  ['BODY_TOO_LARGE', INVALID_REQUEST],
  ['CONTENT_TYPE_UNSUPPORTED', INVALID_REQUEST],
  ['HOST_HEADER_INVALID', INVALID_REQUEST],
  ['PROTOCOL_VERSION_INVALID', INVALID_REQUEST],
  ['ACCEPT_HEADER_INVALID', INVALID_REQUEST],
  ['PROTOCOL_VERSION_UNSUPPORTED', UNSUPPORTED_PROTOCOL_VERSION],
  ['HEADER_MISMATCH', HEADER_MISMATCH],
]);

/** Codes that one era has and the next may not use. */
const codeByReasonAndDialect: Readonly<Record<Dialect, ReadonlyMap<string, number>>> = {
  native: new Map([
    ['RESOURCE_NOT_FOUND', RESOURCE_NOT_FOUND],
    ['TOOL_EXECUTION_FAILED', TOOL_EXECUTION_FAILED],
  ]),
  legacy: new Map([['RESOURCE_NOT_FOUND', RESOURCE_NOT_FOUND]]),
  modern: new Map(),
};

/** Reasons that are answered by HTTP itself, for clients that look no further. */
const httpStatusByReason: ReadonlyMap<string, number> = new Map([
  ['PARSE_ERROR', 400],
  ['REQUEST_INVALID', 400],
  ['HOST_HEADER_INVALID', 400],
  ['PROTOCOL_VERSION_INVALID', 400],
  ['PROTOCOL_VERSION_UNSUPPORTED', 400],
  ['ENVELOPE_INVALID', 400],
  ['HEADER_MISMATCH', 400],
  ['ACCEPT_HEADER_INVALID', 406],
  ['BODY_TOO_LARGE', 413],
  ['CONTENT_TYPE_UNSUPPORTED', 415],
  ['GATEWAY_OVERLOADED', 503],
]);

/** Reasons that are given before a request is executed, or after. */
const uncertainReasons: ReadonlySet<string> = new Set(['AUDIT_UNAVAILABLE', 'BATCH_ANSWER_TOO_LARGE']);

/** The message of errors that are ours: what went wrong inside is for the log. */
const INTERNAL_MESSAGE = 'internal error';
const internalCodes: ReadonlySet<StatusCode> = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS']);

/** What a principal may do is told to it, but not at any length. */
const PERMISSIONS_SHOWN_MAX = 100;

/** Returns the JSON-RPC error that tells a client of a dialect about an error. `permissions` are those of its principal. */
export function toJsonRpcError(error: AppError, dialect: Dialect, permissions: readonly string[] = []): JsonRpcError {
  const code = codeByReason.get(error.reason) ?? codeByReasonAndDialect[dialect].get(error.reason);
  return {
    code: code ?? codesByDialect[dialect][error.code],
    message: messageOf(error),
    data: dataOf(error, permissions),
  };
}

/** Returns the HTTP status of the answer to a single request of a dialect that failed. */
export function httpStatusOf(error: AppError, dialect: Dialect): number {
  const status = httpStatusByReason.get(error.reason);
  if (status !== undefined) return status;
  if (dialect === 'modern' && error.reason === 'METHOD_NOT_FOUND') return 404;
  if (error.code === 'UNAUTHENTICATED') return 401;
  if (error.code === 'PERMISSION_DENIED') return 403;
  // Without a time to wait for, such as for a resource that is too large, trying again would not help.
  return error.code === 'RESOURCE_EXHAUSTED' && error.retryAfterMs !== undefined ? 429 : 200;
}

function messageOf(error: AppError): string {
  return internalCodes.has(error.code) ? INTERNAL_MESSAGE : error.message;
}

function dataOf(error: AppError, permissions: readonly string[]): Record<string, unknown> {
  if (internalCodes.has(error.code)) return { reason: error.code };
  return {
    reason: error.reason,
    ...(error.retryAfterMs === undefined ? {} : { retry_after_ms: error.retryAfterMs }),
    ...(error.fieldViolations.length === 0 ? {} : { violations: error.fieldViolations }),
    ...(isOutage(error.code) ? serviceOf(error) : {}),
    ...reasonDataOf(error, permissions),
  };
}

function serviceOf({ metadata }: AppError): Record<string, string> {
  return metadata['service'] === undefined ? {} : { service: metadata['service'] };
}

function reasonDataOf(error: AppError, permissions: readonly string[]): Record<string, unknown> {
  const { metadata } = error;
  if (error.reason === 'RESOURCE_NOT_FOUND') return { uri: metadata['uri'] };
  if (error.reason === 'PROTOCOL_VERSION_INVALID' || error.reason === 'PROTOCOL_VERSION_UNSUPPORTED') {
    return { supported: metadata['supported']?.split(' ') ?? [], requested: metadata['requested'] };
  }
  if (uncertainReasons.has(error.reason)) return { may_have_run: metadata['mayHaveRun'] === 'true' };
  if (error.reason === 'TOOL_EXECUTION_FAILED') {
    const content: unknown = JSON.parse(metadata['contentJson'] ?? '[]');
    return { content };
  }
  if (error.code !== 'PERMISSION_DENIED') return {};
  return {
    resource: metadata['resource'] ?? metadata['uri'],
    required_permission: metadata['requiredPermission'],
    user_permissions: permissions.slice(0, PERMISSIONS_SHOWN_MAX),
  };
}
