import type { TraceContext } from '@gantry/telemetry';

import type { Dialect } from '../json-rpc/dialect.ts';
import type { PushConnection } from '../methods/method.ts';
import type { Transport } from '../metrics.ts';

/** How one or several messages came in. */
export interface Arrival {
  readonly transport: Transport;
  readonly clientAddress: string;
  /** The `authorization` as it came; undefined when there was none. */
  readonly authorization: string | undefined;
  /** What was known before the messages were read; `initialize` makes it legacy. */
  readonly dialect: Dialect;
  readonly requestId: string;
  /** The client's span. */
  readonly parent: TraceContext | undefined;
  /** When the answer must be there, in epoch milliseconds. */
  readonly deadlineMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
  readonly connection: PushConnection | undefined;
}
