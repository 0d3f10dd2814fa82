import type { Caller, Principal } from '@gantry/identity';
import type { Logger, TraceContext } from '@gantry/telemetry';

import type { CancelSignal } from './cancel-signal.ts';

/** What a handler knows of the call it serves. */
export interface CallContext {
  /** Who called. */
  readonly caller: Caller;

  /**
   * The principal the call is for.
   *
   * @throws {Error} in a method that services or anyone may call, when no principal called it: ask `caller` there.
   */
  readonly principal: Principal;

  /** The assertion the principal came with, to be passed on; undefined when no principal called. */
  readonly assertion: string | undefined;

  /** Aborts when the client is gone (AbortError) or the deadline has passed (TimeoutError). */
  readonly signal: AbortSignal;

  /** Tells the same as `signal`, at a fraction of its cost: for handlers that do nothing with it but pass it on. */
  readonly cancellation: CancelSignal;

  /** When the call must be done, in epoch milliseconds. Never later than the server's own cap. */
  readonly deadlineMs: number;

  /** The span of this call. */
  readonly trace: TraceContext;

  /** The id that logs of every hop share. */
  readonly requestId: string;

  /** Returns the first value of a metadata key the call came with. */
  readonly metadata: (key: string) => string | undefined;

  /** The address of the peer, as `ip:port`. */
  readonly peer: string;

  /**
   * Stands for the connection it came on, the same for each of its calls: what is known of a connection can be kept in a
   * WeakMap. Undefined where it is not known.
   */
  readonly connection: object | undefined;

  /** A logger with the request id, the trace id and the RPC as fields. */
  readonly logger: Logger;
}
