import type { MintServiceToken } from '@gantry/identity';
import type { Breaker, RetryBudget } from '@gantry/resilience';
import type { Tracing } from '@gantry/telemetry';

import type { MethodRecorder } from './grpc-metrics.ts';
import type { Method } from './method.ts';
import type { Transport } from './transport.ts';

/** What the calls of one client share. */
export interface CallChannel {
  readonly transport: Transport;
  readonly peer: string;
  readonly breaker: Breaker;
  readonly retryBudget: RetryBudget;
  readonly tracing: Tracing;
  readonly timeoutMs: number;
  readonly mintServiceToken: MintServiceToken | undefined;
}

/** A method as a client calls it. */
export interface CalledMethod {
  readonly method: Method;
  readonly path: string;
  readonly rpc: string;
  readonly recorder: MethodRecorder;
}
