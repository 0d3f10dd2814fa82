import type { TraceContext } from '@gantry/telemetry';

import type { CancelSignal } from './cancel-signal.ts';

/**
 * What a client passes along with a request. A CallContext is one, so a handler that calls another service passes its own
 * context and with it the deadline, the caller, the trace and the cancellation.
 */
export interface CallOptions {
  /** When the call must be done, in epoch milliseconds; the client's default timeout when absent. */
  readonly deadlineMs?: number | undefined;
  /** The internal assertion of the principal the call is for; the client's own service token when absent. */
  readonly assertion?: string | undefined;
  /** The span the call belongs to; a new trace when absent. */
  readonly trace?: TraceContext | undefined;
  /** The id that logs of every hop share. */
  readonly requestId?: string | undefined;
  /** Cancels the call. */
  readonly signal?: CancelSignal | undefined;
}
