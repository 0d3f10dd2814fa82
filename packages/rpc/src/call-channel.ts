import type { MintServiceToken } from '@gantry/identity';
import type { Breaker, RetryBudget } from '@gantry/resilience';
import type { Tracing } from '@gantry/telemetry';
import type { Client as GrpcClient } from '@grpc/grpc-js';

import type { MethodRecorder } from './grpc-metrics.ts';
import type { Method } from './method.ts';
import type { ResetBudget } from './reset-budget.ts';

/** What the calls of one client share. */
export interface CallChannel {
  readonly grpc: GrpcClient;
  readonly peer: string;
  readonly breaker: Breaker;
  readonly retryBudget: RetryBudget;
  readonly resets: ResetBudget;
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
