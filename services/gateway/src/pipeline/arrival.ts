import type { CancelSignal } from '@gantry/rpc';
import type { TraceContext } from '@gantry/telemetry';

import type { PresentedCredential } from '../clients/presented-credential.ts';
import type { Dialect } from '../json-rpc/dialect.ts';
import type { RequestHeaders } from '../json-rpc/modern/standard-headers.ts';
import type { PushConnection } from '../methods/method.ts';
import type { Transport } from '../metrics.ts';

/** How one or several messages came in. */
export interface Arrival {
  readonly transport: Transport;
  readonly clientAddress: string;
  /** What the client has shown of itself. */
  readonly credential: PresentedCredential;
  /** What was known before the messages were read; they may say otherwise, see classify. */
  readonly dialect: Dialect;
  /** The headers that came with the messages; absent where there are none that speak for them. */
  readonly headers?: RequestHeaders | undefined;
  readonly requestId: string;
  /** The client's span. */
  readonly parent: TraceContext | undefined;
  /** When the answer must be there, in epoch milliseconds. */
  readonly deadlineMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: CancelSignal | undefined;
  readonly connection: PushConnection | undefined;
  /** The most bytes that an answer may have; absent when that is no matter of how it is sent. */
  readonly answerBytesMax?: number;
}
