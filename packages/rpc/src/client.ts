import { isAppError, isOutage, isReason } from '@gantry/errors';
import type { MintServiceToken } from '@gantry/identity';
import { createBreaker, createRetryBudget } from '@gantry/resilience';
import { type Registry, systemClock, type Tracing } from '@gantry/telemetry';
import { type ChannelOptions, Client as GrpcClient, credentials } from '@grpc/grpc-js';

import type { CallChannel, CalledMethod } from './call-channel.ts';
import { callStream } from './call-stream.ts';
import { callUnary } from './call-unary.ts';
import { grpcMetrics } from './grpc-metrics.ts';
import { HEALTH_CHECKED, registerHealthCheckedBalancer } from './health-checked-balancer.ts';
import { type Client, type Definition, type Method, pathOf, typeOf } from './method.ts';
import { createResetBudget } from './reset-budget.ts';
import { MESSAGE_BYTES_MAX } from './server.ts';

/** What createRpcClient needs. */
export interface RpcClientOptions {
  /** The service called, for errors, metrics and the breaker, e.g. `context`. */
  readonly peer: string;
  /** A gRPC target: `host:port`, `dns:///name:port` for a headless service, or `ipv4:a:1,b:2` for several replicas. */
  readonly target: string;
  readonly metrics: Registry;
  readonly tracing: Tracing;
  /** How long a unary call may take when its caller sets no deadline, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Mints the token of calls that are made for no principal. */
  readonly mintServiceToken?: MintServiceToken;
}

/** A client that holds a connection to every replica of its target. */
export type RpcClient<D extends Definition> = Client<D> & Disposable;

const DEFAULT_TIMEOUT_MS = 10_000;

// Linkerd's default retry budget; see @gantry/resilience.
const RETRY_BUDGET = { ratio: 0.2, minPerSecond: 10, ttlMs: 10_000 };

/**
 * Creates a client of a service: round robin over every address the target resolves to, without those whose server says
 * that it does not serve; replicas that fail are set aside for a while; a circuit breaker over all of them; deadlines that shrink hop by hop; retries within a budget for
 * methods whose proto says they may be repeated. Connects on first use. Errors are AppErrors, as the server threw them.
 *
 * @example
 * using context = createRpcClient(ContextServiceDefinition, { peer: 'context', target: '127.0.0.1:50052', metrics, tracing });
 * const answer = await context.search({ query }, callContext);
 */
export function createRpcClient<D extends Definition>(definition: D, options: RpcClientOptions): RpcClient<D> {
  const { peer, metrics, tracing, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const channel: CallChannel = {
    grpc: new GrpcClient(options.target, credentials.createInsecure(), channelOptions()),
    peer,
    breaker: createBreaker({ name: `${peer}/${definition.name}`, metrics, isFailure: isSilence }),
    retryBudget: createRetryBudget({ ...RETRY_BUDGET, clock: systemClock }),
    resets: createResetBudget(systemClock),
    tracing,
    timeoutMs,
    mintServiceToken: options.mintServiceToken,
  };
  const calls = Object.entries(definition.methods).map(([key, method]) => [
    key,
    createCall(channel, calledMethod(definition, method, metrics)),
  ]);
  const dispose = () => {
    channel.grpc.close();
    channel.breaker.close();
  };
  // One function a method, of the shape Client<D> says, which Object.fromEntries cannot express.
  return { ...Object.fromEntries(calls), [Symbol.dispose]: dispose } as RpcClient<D>;
}

/**
 * Tells whether an error says that the service did not answer. An error with a domain is an answer: a service that reports
 * a dead upstream, or a bug that one request meets, must not be cut off from all its callers.
 */
function isSilence(error: unknown): boolean {
  return (
    isAppError(error) && error.domain === undefined && isOutage(error.code) && !isReason(error, 'DEADLINE_TOO_SHORT')
  );
}

function calledMethod(definition: Definition, method: Method, metrics: Registry): CalledMethod {
  const labels = { grpc_type: typeOf(method), grpc_service: definition.fullName, grpc_method: method.name };
  return {
    method,
    path: pathOf(definition, method),
    rpc: `${definition.fullName}/${method.name}`,
    recorder: grpcMetrics('client', metrics).forMethod(labels),
  };
}

function createCall(channel: CallChannel, called: CalledMethod) {
  if (called.method.requestStream) return undefined;
  return called.method.responseStream ? callStream(channel, called) : callUnary(channel, called);
}

function channelOptions(): ChannelOptions {
  registerHealthCheckedBalancer();
  return {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [healthChecked] }),
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 5_000,
    // A service that comes back is found within a second; one that is down costs one SYN a second.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.dns_min_time_between_resolutions_ms': 5_000,
    // Ours retries by the proto's idempotency level and within a budget.
    'grpc.enable_retries': 0,
    // Two clients of one target in one process, as in the single-process mode, must not share a connection's fate.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  };
}

// Leaves out a replica that says it does not serve, such as one that drains, and for a while one that fails while others do not.
const healthChecked = {
  [HEALTH_CHECKED]: {
    child_policy: [
      {
        outlier_detection: {
          interval: { seconds: 2, nanos: 0 },
          base_ejection_time: { seconds: 5, nanos: 0 },
          max_ejection_time: { seconds: 60, nanos: 0 },
          max_ejection_percent: 50,
          failure_percentage_ejection: {
            // grpc-js counts every status but OK, also answers such as NOT_FOUND: only a replica that does next to nothing well.
            threshold: 90,
            enforcement_percentage: 100,
            minimum_hosts: 2,
            request_volume: 20,
          },
          child_policy: [{ round_robin: {} }],
        },
      },
    ],
  },
};
