import { isAppError, isOutage } from '@gantry/errors';
import type { MintServiceToken } from '@gantry/identity';
import { createBreaker, createRetryBudget } from '@gantry/resilience';
import { type Registry, systemClock, type Tracing } from '@gantry/telemetry';

import type { CallChannel, CalledMethod } from './call-channel.ts';
import { callStream } from './call-stream.ts';
import { callUnary } from './call-unary.ts';
import { openRpcConnection, type RpcConnection, type RpcConnectionOptions } from './connection.ts';
import { grpcMetrics } from './grpc-metrics.ts';
import { type Client, type Definition, type Method, pathOf, typeOf } from './method.ts';

/** What createRpcClient needs. */
export interface RpcClientOptions {
  /** The service called, for errors, metrics and the breaker, e.g. `context`. */
  readonly peer: string;
  /**
   * A gRPC target: `host:port`, `dns:///name:port` for a headless service, or `ipv4:a:1,b:2` for several replicas. Or a
   * connection, which clients of several services at one target share; it stays open when the client is disposed.
   */
  readonly target: string | RpcConnection;
  /** How calls go when the target is no connection; see {@link RpcConnectionOptions}. Default `lane`. */
  readonly way?: RpcConnectionOptions['way'];
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
 * Creates a client of a service: calls go on lanes to every address the target resolves to, those with the least in flight
 * first, and where a server has no lanes as ordinary calls, round robin; replicas that say that they do not serve get none;
 * a circuit breaker over all of them; deadlines that shrink hop by hop; retries within a budget for methods whose proto says
 * they may be repeated. Connects on first use. Errors are AppErrors, as the server threw them.
 *
 * @example
 * using context = createRpcClient(ContextServiceDefinition, { peer: 'context', target: '127.0.0.1:50052', metrics, tracing });
 * const answer = await context.search({ query }, callContext);
 */
export function createRpcClient<D extends Definition>(definition: D, options: RpcClientOptions): RpcClient<D> {
  const { peer, target, metrics, tracing, way = 'lane', timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const connection = typeof target === 'string' ? openRpcConnection({ peer, target, metrics, way }) : target;
  const { transport } = connection;
  const channel: CallChannel = {
    transport,
    peer,
    breaker: createBreaker({ name: `${peer}/${definition.name}`, metrics, isFailure: isSilence }),
    retryBudget: createRetryBudget({ ...RETRY_BUDGET, clock: systemClock }),
    tracing,
    timeoutMs,
    mintServiceToken: options.mintServiceToken,
  };
  const calls = Object.entries(definition.methods).map(([key, method]) => [
    key,
    createCall(channel, calledMethod(definition, method, metrics)),
  ]);
  const dispose = () => {
    if (connection !== target) connection[Symbol.dispose]();
    channel.breaker.close();
  };
  // One function a method, of the shape Client<D> says, which Object.fromEntries cannot express.
  return { ...Object.fromEntries(calls), [Symbol.dispose]: dispose } as RpcClient<D>;
}

/** Why calls fail on our side of the way: that says nothing of the service. */
const LOCAL_REASONS: ReadonlySet<string> = new Set(['DEADLINE_TOO_SHORT', 'LANE_QUEUE_FULL', 'LANE_REPLACED']);

/**
 * Tells whether an error says that the service did not answer. An error with a domain is an answer: a service that reports
 * a dead upstream, or a bug that one request meets, must not be cut off from all its callers.
 */
function isSilence(error: unknown): boolean {
  return isAppError(error) && error.domain === undefined && isOutage(error.code) && !LOCAL_REASONS.has(error.reason);
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
