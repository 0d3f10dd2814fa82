/** What went wrong with a session rather than with a request, as docs/errors.md lists it; or a reason of the gateway. */
export interface SessionErrorInit {
  /** The gRPC status, by name. */
  readonly code: string;
  /** UPPER_SNAKE; see docs/errors.md. */
  readonly reason: string;
  /** A lower-case sentence that says what to do. */
  readonly message: string;
  /** Whether the request can have been executed: if not, it can be sent again whatever it does. */
  readonly mayHaveRun: boolean;
  readonly cause?: unknown;
}

/** A request that has no answer, because of its session: lost, closed, refused, full, or too slow. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: string;
  readonly reason: string;
  readonly mayHaveRun: boolean;

  constructor({ code, reason, message, mayHaveRun, cause }: SessionErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.reason = reason;
    this.mayHaveRun = mayHaveRun;
  }

  /** Returns the same error, told to a request of which it is known whether it can have been executed. */
  about(mayHaveRun: boolean): SessionError {
    if (mayHaveRun === this.mayHaveRun) return this;
    const { code, reason, message, cause } = this;
    return new SessionError({ code, reason, message, mayHaveRun, cause });
  }

  /** Whether the same request may succeed when it is sent again: at once if it was not run, else if it may run twice. */
  get isRetryable(): boolean {
    return this.code === 'UNAVAILABLE' || this.code === 'RESOURCE_EXHAUSTED' || this.code === 'DEADLINE_EXCEEDED';
  }
}

/** A request that the gateway has answered with an error. */
export class JsonRpcError extends Error {
  override readonly name = 'JsonRpcError';
  /** The JSON-RPC code. */
  readonly code: number;
  /** More about it; `data.reason` is a reason of docs/errors.md. Undefined when there is none. */
  readonly data: unknown;

  constructor(code: number, message: string, data: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** The stream broke with the request on it. */
export function connectionLost(cause: unknown): SessionError {
  return new SessionError({
    code: 'UNAVAILABLE',
    reason: 'CONNECTION_LOST',
    message: 'the connection was lost before the answer came; send it again if it may run twice',
    mayHaveRun: true,
    cause,
  });
}

/** A stream could not be opened: nobody is there, or whoever is does not answer. It is tried again. */
export function connectionFailed(cause: Error | undefined): SessionError {
  return new SessionError({
    code: 'UNAVAILABLE',
    reason: 'CONNECTION_FAILED',
    message: `the session could not be opened: ${cause?.message ?? 'the stream ended at once'}`,
    mayHaveRun: false,
    cause,
  });
}

/** The gateway, or something before it, does not take such sessions, and does not say why. */
export function sessionRefused(code: string, cause: Error, mayHaveRun: boolean): SessionError {
  return new SessionError({
    code,
    reason: 'SESSION_REFUSED',
    message: `the session was refused: ${cause.message}`,
    mayHaveRun,
    cause,
  });
}

/** The session was closed by its owner. */
export function sessionClosed(): SessionError {
  return new SessionError({
    code: 'CANCELLED',
    reason: 'SESSION_CLOSED',
    message: 'the session was closed; open another with connect()',
    mayHaveRun: false,
  });
}

/** As much waits as may. */
export function queueFull(queuedMax: number): SessionError {
  return new SessionError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'SESSION_QUEUE_FULL',
    message: `no more requests may wait (at most ${queuedMax}, of 64 MiB together); await some, or open more sessions`,
    mayHaveRun: false,
  });
}

/** The answer did not come in time. */
export function timedOut(timeoutMs: number, mayHaveRun: boolean): SessionError {
  return new SessionError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'REQUEST_TIMED_OUT',
    message: `there was no answer within ${timeoutMs} ms`,
    mayHaveRun,
  });
}

/** The request waited for a session that did not open in time. `problem` is what became of the last try. */
export function notOpenedInTime(
  timeoutMs: number,
  { target, problem }: { readonly target: string; readonly problem: unknown },
): SessionError {
  return new SessionError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'REQUEST_TIMED_OUT',
    message: `the session could not be opened within ${timeoutMs} ms; is there a gateway at ${target}?`,
    mayHaveRun: false,
    cause: problem,
  });
}

/** The request is longer than the gateway takes. */
export function messageTooLarge(bytesMax: number): SessionError {
  return new SessionError({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'MESSAGE_TOO_LARGE',
    message: `a message has at most ${bytesMax} bytes; send less at a time`,
    mayHaveRun: false,
  });
}
