import type { StatusCode } from './status-code.ts';

/** One field of a request that is wrong. */
export interface FieldViolation {
  /** A path to the field, e.g. `documents[3].text`. */
  readonly field: string;
  /** What is wrong and what to do. */
  readonly description: string;
}

/** What an AppError is made of. */
export interface AppErrorInit {
  /** The gRPC status code. */
  readonly code: StatusCode;
  /** UPPER_SNAKE, unique in the cluster, at most 63 characters (AIP-193). */
  readonly reason: string;
  /** Safe for the caller: a lower-case sentence without a full stop that says what to do. */
  readonly message: string;
  /** The service that made the error; filled in where the error leaves it. */
  readonly domain?: string | undefined;
  /** More facts, safe for the caller. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** How long to wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The fields that are wrong. */
  readonly fieldViolations?: readonly FieldViolation[];
  /** What led to it; for the log, never leaves the process. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for('gantry.AppError');

/**
 * An error that somebody handles by its type. It crosses processes: what the caller catches has the same code, reason,
 * message, metadata, retry delay and field violations as what the callee threw.
 *
 * @example
 * throw new AppError({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', message: `there is no tool named "${name}"` });
 */
export class AppError extends Error {
  readonly [brand] = true;
  override readonly name = 'AppError';
  readonly code: StatusCode;
  readonly reason: string;
  readonly domain: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly fieldViolations: readonly FieldViolation[];

  constructor(init: AppErrorInit) {
    // A message may quote what a caller sent. Half a surrogate pair cannot be sent on: grpc-js would throw on it.
    super(init.message.toWellFormed(), init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    this.domain = init.domain;
    this.metadata = init.metadata ?? {};
    this.retryAfterMs = init.retryAfterMs;
    this.fieldViolations = init.fieldViolations ?? [];
  }
}

/** Tells whether a value is an AppError, also one of another copy of this module. */
export function isAppError(value: unknown): value is AppError {
  return typeof value === 'object' && value !== null && brand in value;
}

/** Tells whether a value is an AppError of this reason. */
export function isReason(value: unknown, reason: string): value is AppError {
  return isAppError(value) && value.reason === reason;
}
