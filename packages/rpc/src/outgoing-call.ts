import { AppError, deadlineExceeded, toAppError } from '@gantry/errors';
import { shaveDeadline } from '@gantry/resilience';
import { formatTraceparent, type Span } from '@gantry/telemetry';
import { Metadata } from '@grpc/grpc-js';

import type { CallChannel, CalledMethod } from './call-channel.ts';
import type { CallOptions } from './call-options.ts';
import { metadataKeys } from './metadata-keys.ts';

const MS_PER_SECOND = 1_000;

/** The slowest call that is still normal: a batch of large documents takes some seconds. */
const FAIR_MS = 5_000;

/** One call while it is being made, whatever the number of its attempts. */
export interface OutgoingCall {
  readonly metadata: Metadata;
  /** Epoch milliseconds; Infinity for a stream without a deadline. */
  readonly deadlineMs: number;
  /** How long the callee was given, in milliseconds. */
  readonly givenMs: number;
  readonly span: Span;
  /** To be called once, with the error if the call failed. */
  readonly ended: (error?: unknown) => void;
}

/**
 * Begins a call: deadline, span, metrics and metadata.
 *
 * @throws {AppError} DEADLINE_EXCEEDED, when too little time is left to be worth a hop.
 */
export async function beginCall(
  channel: CallChannel,
  called: CalledMethod,
  options: CallOptions,
): Promise<OutgoingCall> {
  const deadlineMs = deadlineOf(channel, called, options);
  const span = channel.tracing.startSpan(called.rpc, {
    kind: 'client',
    ...(options.trace === undefined ? {} : { parent: options.trace }),
  });
  const startedAtMs = performance.now();
  called.recorder.started();
  const ended = (error?: unknown) => {
    const failure = error === undefined ? undefined : toAppError(error);
    if (failure !== undefined) span.fail(failure);
    span.end();
    called.recorder.ended(failure?.code ?? 'OK', (performance.now() - startedAtMs) / MS_PER_SECOND);
  };
  return {
    metadata: await metadataOf(channel, options, span),
    deadlineMs,
    givenMs: deadlineMs - Date.now(),
    span,
    ended,
  };
}

function deadlineOf(channel: CallChannel, called: CalledMethod, { deadlineMs = Infinity }: CallOptions): number {
  if (deadlineMs !== Infinity) return shaveDeadline(deadlineMs, Date.now());
  return called.method.responseStream ? Infinity : Date.now() + channel.timeoutMs;
}

async function metadataOf({ mintServiceToken }: CallChannel, options: CallOptions, span: Span): Promise<Metadata> {
  const metadata = new Metadata();
  const assertion = options.assertion ?? (await mintServiceToken?.());
  if (assertion !== undefined) metadata.set(metadataKeys.assertion, assertion);
  if (options.requestId !== undefined) metadata.set(metadataKeys.requestId, options.requestId);
  metadata.set(metadataKeys.traceparent, formatTraceparent(span.context));
  return metadata;
}

/**
 * Returns the error of a call that ended without an answer, as it is to be judged. A deadline that passed speaks against the
 * callee only when it was given a fair time: callers who allow little must not make it look dead to the others.
 */
export function judge(error: AppError, { givenMs }: OutgoingCall): AppError {
  if (error.code !== 'DEADLINE_EXCEEDED' || error.domain !== undefined || givenMs >= FAIR_MS) return error;
  return new AppError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DEADLINE_TOO_SHORT',
    message: `there was no answer within the ${Math.round(givenMs)} ms that were left; allow the call more time`,
    metadata: error.metadata,
    cause: error,
  });
}

/** Returns the error of a call that was aborted before it was sent. */
export function abortError(signal: AbortSignal): AppError {
  return signal.reason === undefined ? deadlineExceeded() : toAppError(signal.reason);
}
