import type { StatusCode } from '@gantry/errors';
import type { Caller, Principal } from '@gantry/identity';
import type { Logger, TraceContext } from '@gantry/telemetry';

import type { CallContext } from './call-context.ts';
import { Cancellation, type CancelSignal, toAbortSignal } from './cancel-signal.ts';
import type { Definition, Method } from './method.ts';

/** Who may call a method: a principal, another service, either, or anyone. */
export type Access = 'principal' | 'service' | 'any' | 'anonymous';

/** A method as the server serves it. */
export interface ServedMethod {
  readonly definition: Definition;
  readonly method: Method;
  readonly access: Access;
  /** The name of the method with its service, e.g. `gantry.tool.v1.ToolService/CallTool`. */
  readonly rpc: string;
}

/** What a call arrives with, whichever way it came. */
export interface IncomingCall {
  /** Returns the first value of a metadata key. */
  readonly metadata: (key: string) => string | undefined;
  /** The deadline the client set, in epoch milliseconds; Infinity when it set none. */
  readonly deadlineMs: number;
  /** The address it came from, as `ip:port`. */
  readonly peer: string;
  /** Stands for the connection it came on, the same for each of its calls; absent where that is not known. */
  readonly connection?: object;
}

/** How a call ended: OK, or the error that was answered. */
export interface CallOutcome {
  readonly code: StatusCode | 'OK';
  readonly error?: unknown;
}

const anonymous: Caller = { kind: 'anonymous' };
const NO_TRACE: TraceContext = { traceId: '', spanId: '', sampled: false };

/** One call while it is being served. Interceptors fill it in; handlers see it as their CallContext. */
export class ServerCall implements CallContext {
  readonly served: ServedMethod;
  readonly incoming: IncomingCall;
  caller: Caller = anonymous;
  assertion: string | undefined;
  deadlineMs: number;
  trace: TraceContext = NO_TRACE;
  requestId = '';
  readonly #rootLogger: Logger;
  #logger: Logger | undefined;
  #cancellation: Cancellation | undefined;
  #signal: AbortSignal | undefined;
  #abortReason: unknown;
  #isAborted = false;
  #hasSucceeded = false;
  #onAbort: ((reason: unknown) => void) | undefined;

  constructor(served: ServedMethod, incoming: IncomingCall, logger: Logger) {
    this.served = served;
    this.incoming = incoming;
    this.deadlineMs = incoming.deadlineMs;
    this.#rootLogger = logger;
  }

  /** Made on first use: most handlers never ask, and an AbortSignal costs more than the rest of the context. */
  get signal(): AbortSignal {
    return (this.#signal ??= toAbortSignal(this.cancellation));
  }

  get cancellation(): CancelSignal {
    if (this.#cancellation === undefined) {
      this.#cancellation = new Cancellation();
      if (this.#isAborted) this.#cancellation.cancel(this.#abortReason);
    }
    return this.#cancellation;
  }

  /** Whether the client is gone or the deadline has passed. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  get metadata(): (key: string) => string | undefined {
    return this.incoming.metadata;
  }

  get connection(): object | undefined {
    return this.incoming.connection;
  }

  get peer(): string {
    return this.incoming.peer;
  }

  get principal(): Principal {
    if (this.caller.kind === 'principal') return this.caller.principal;
    throw new Error(`${this.rpc} was called without a principal; its access is "${this.served.access}"`);
  }

  get rpc(): string {
    return this.served.rpc;
  }

  /** Made on first use: most calls log nothing, and a child logger costs more than the rest of the context. */
  get logger(): Logger {
    this.#logger ??= this.#rootLogger.child({
      rpc: this.rpc,
      requestId: this.requestId,
      traceId: this.trace.traceId,
    });
    return this.#logger;
  }

  /** Tells whoever serves the call when it is aborted; at once when it has been. There is one listener at a time. */
  onAbort(listener: ((reason: unknown) => void) | undefined): void {
    this.#onAbort = listener;
    if (this.#isAborted) listener?.(this.#abortReason);
  }

  /** The answer is made: that the client goes now is how every call ends. */
  succeeded(): void {
    this.#hasSucceeded = true;
    this.#onAbort = undefined;
  }

  /** Ends the call from outside; without a reason because the client is gone. Only the first time counts. */
  abort(reason?: unknown): void {
    if (this.#isAborted || this.#hasSucceeded) return;
    this.#isAborted = true;
    this.#abortReason = reason ?? new DOMException('the client is gone', 'AbortError');
    this.#cancellation?.cancel(this.#abortReason);
    this.#onAbort?.(this.#abortReason);
  }
}

/** Is told once when a call has ended. */
export type CallEnded = (outcome: CallOutcome) => void;

/**
 * Looks at a call before its handler runs, and may fill it in, or refuse it by throwing. Returns what is to be done when the
 * call has ended, if anything. Interceptors run in order; their endings run in reverse order, also when one refuses.
 */
export type ServerInterceptor = (call: ServerCall) => CallEnded | void | Promise<CallEnded | void>;
