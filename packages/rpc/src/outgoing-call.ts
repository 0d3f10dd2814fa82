import { AppError, deadlineExceeded, toAppError } from '@gantry/errors';
import { shaveDeadline } from '@gantry/resilience';
import { formatTraceparent } from '@gantry/telemetry';

import type { CallChannel, CalledMethod } from './call-channel.ts';
import type { CallOptions } from './call-options.ts';
import type { CancelSignal } from './cancel-signal.ts';

const MS_PER_SECOND = 1_000;

/** The slowest call that is still normal: a batch of large documents takes some seconds. */
const FAIR_MS = 5_000;

/** One call while it is being made, whatever the number of its attempts. */
export interface OutgoingCall {
  /** The principal's assertion or our own token; undefined for a call that nobody stands behind. */
  readonly assertion: string | undefined;
  readonly requestId: string | undefined;
  readonly traceparent: string;
  /** Epoch milliseconds; Infinity for a stream without a deadline. */
  readonly deadlineMs: number;
  /** How long the callee was given, in milliseconds. */
  readonly givenMs: number;
  /** To be called once, with the error if the call failed. */
  readonly ended: (error?: unknown) => void;
}

/**
 * Begins a call: deadline, span, metrics, and who it is for. At once, unless a token must be made.
 *
 * @throws {AppError} DEADLINE_EXCEEDED, when too little time is left to be worth a hop.
 */
export function beginCall(
  channel: CallChannel,
  called: CalledMethod,
  options: CallOptions,
): OutgoingCall | Promise<OutgoingCall> {
  const { assertion } = options;
  if (assertion !== undefined || channel.mintServiceToken === undefined) {
    return begin(channel, called, { options, assertion });
  }
  return channel.mintServiceToken().then((token) => begin(channel, called, { options, assertion: token }));
}

function begin(
  channel: CallChannel,
  called: CalledMethod,
  { options, assertion }: { readonly options: CallOptions; readonly assertion: string | undefined },
): OutgoingCall {
  const nowMs = Date.now();
  const deadlineMs = deadlineOf(channel, called, { options, nowMs });
  const span = channel.tracing.startSpan(called.rpc, { kind: 'client', parent: options.trace });
  const startedAtMs = performance.now();
  called.recorder.started();
  return {
    assertion,
    requestId: options.requestId,
    traceparent: formatTraceparent(span.context),
    deadlineMs,
    givenMs: deadlineMs - nowMs,
    ended(error) {
      const failure = error === undefined ? undefined : toAppError(error);
      if (failure !== undefined) span.fail(failure);
      span.end();
      called.recorder.ended(failure?.code ?? 'OK', (performance.now() - startedAtMs) / MS_PER_SECOND);
    },
  };
}

function deadlineOf(
  channel: CallChannel,
  called: CalledMethod,
  { options: { deadlineMs = Infinity }, nowMs }: { readonly options: CallOptions; readonly nowMs: number },
): number {
  if (deadlineMs !== Infinity) return shaveDeadline(deadlineMs, nowMs);
  return called.method.responseStream ? Infinity : nowMs + channel.timeoutMs;
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
export function abortError(signal: CancelSignal): AppError {
  return signal.reason === undefined ? deadlineExceeded() : toAppError(signal.reason);
}
