import type { VerifyCaller } from '@gantry/identity';
import type { Logger, Registry, Tracing } from '@gantry/telemetry';
import { Server, type ServerOptions } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

import type { BoundService } from './bind-service.ts';
import { type ArrivalLimits, Arrivals, showArrivals } from './direct/arrivals.ts';
import { toDirectMethods } from './direct/direct-methods.ts';
import { RequestIntake, showIntake } from './direct/request-intake.ts';
import { takeUnaryStreams } from './direct/take-unary-streams.ts';
import { type ServeOptions, toGrpcService } from './grpc-adapter.ts';
import { halfOpenGuard } from './half-open-guard.ts';
import { CONNECTION_AGE_MS, type ServerLaneLimits } from './lane/lane-limits.ts';
import { createLaneService, type LaneService } from './lane/lane-service.ts';
import { type Listener, listenFor, type ListenOptions } from './listener.ts';
import { MESSAGE_BYTES_MAX } from './message-bytes.ts';
import { READER_STUCK_MS } from './reader-watch.ts';
import { addReflection } from './reflection.ts';
import { ServerCall, type ServerInterceptor } from './server-call.ts';
import {
  assertionInterceptor,
  deadlineInterceptor,
  metricsInterceptor,
  requestIdInterceptor,
  tracingInterceptor,
} from './server-interceptors.ts';

/** The latest deadline of a unary call, and the deadline of one that comes without. */
const TIMEOUT_MAX_MS = 120_000;

const DEFAULT_CONCURRENT_STREAMS_MAX = 1_024;

/** 4 MiB in ten seconds is a slow mobile link; slower than that is an attack. */
const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;

const DEFAULT_CONNECTION_GRACE_MS = 60_000;
const DEFAULT_CONNECTION_IDLE_MS = 10 * 60_000;

/** What createRpcServer needs. */
export interface RpcServerOptions extends Pick<ListenOptions, 'reusePort' | 'connectionsMax'> {
  /** The service's name: the domain of its errors. */
  readonly name: string;
  /** The address to listen on, e.g. `127.0.0.1`. */
  readonly host: string;
  /** The port to listen on; 0 means any that is free. */
  readonly port: number;
  readonly services: readonly BoundService[];
  /** Turns an assertion into its caller; see createCallerVerifier of @gantry/identity. */
  readonly verifyCaller: VerifyCaller;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly tracing: Tracing;
  /** Run after ours, right before the handler. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** How many calls one connection may have open. Default 1,024. */
  readonly concurrentStreamsMax?: number;
  /** How long a request may take to come whole, in milliseconds; then the call ends with DEADLINE_EXCEEDED. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** How long a client may read nothing of what a stream sends, in milliseconds; then the stream is reset. Default 30,000. */
  readonly readerStuckMs?: number;
  /**
   * How long calls may go on after their connection was told to close for its age, in milliseconds. Default 60,000. Infinity is
   * for servers whose streams end by themselves.
   */
  readonly connectionGraceMs?: number;
  /** How long a connection without calls is kept, in milliseconds. Default 600,000. */
  readonly connectionIdleMs?: number;
  /** What unary requests that are not whole yet may hold. Default: 256 MiB a server, 32 MiB a connection. */
  readonly arrivals?: ArrivalLimits;
  /**
   * What lanes may take, where it is not what lane-limits.ts says; false offers none: for servers whose clients are not
   * services of ours.
   */
  readonly lanes?: Partial<ServerLaneLimits> | false;
}

/** A gRPC server that is listening. */
export interface RpcServer extends AsyncDisposable {
  /** The port it listens on. */
  readonly port: number;
  /** The address and port it listens on, as a client's target. */
  readonly address: string;
  /** Says by the health service whether it serves: clients leave out a replica that does not. It goes on answering. */
  setServing(isServing: boolean): void;
  /**
   * Says NOT_SERVING, takes no more calls, waits for those in flight for at most `graceMs`, then cuts them off.
   * Idempotent.
   */
  drain(graceMs: number): Promise<void>;
}

/**
 * Starts a gRPC server with health checking and reflection. Every call passes the interceptors: request id, trace, metrics,
 * deadline, assertion, yours, handler. Disposing it cuts off what is in flight: drain first.
 *
 * @throws {AppError} FAILED_PRECONDITION, reason ADDRESS_UNAVAILABLE, when the address cannot be listened on.
 */
export async function createRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const server = new Server(serverOptions(options));
  const serviceNames = options.services.map(({ definition }) => definition.fullName);
  const health = new HealthImplementation();
  const serveOptions = toServeOptions(options);
  const lanes = addServices(server, options, serveOptions);
  health.addToServer(server);
  addReflection(server, serviceNames);

  const listener = await listenFor(server, options);
  const { services, requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS } = options;
  const arrivals = new Arrivals(options.arrivals);
  showArrivals(arrivals, options.metrics);
  const intake = new RequestIntake();
  showIntake(intake, options.metrics);
  takeUnaryStreams(server, toDirectMethods(services, serveOptions, { requestTimeoutMs, arrivals, intake }));
  const setServing = (isServing: boolean) => {
    for (const name of ['', ...serviceNames]) health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING');
    lanes?.setServing(isServing);
  };
  setServing(true);
  let draining: Promise<void> | undefined;
  return {
    port: listener.port,
    address: `${options.host}:${listener.port}`,
    setServing,
    drain(graceMs) {
      setServing(false);
      lanes?.drain(graceMs);
      return (draining ??= shutDown(server, listener, graceMs));
    },
    async [Symbol.asyncDispose]() {
      lanes?.[Symbol.dispose]();
      void listener.close();
      server.forceShutdown();
    },
  };
}

function serverOptions({
  concurrentStreamsMax = DEFAULT_CONCURRENT_STREAMS_MAX,
  requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS,
  connectionGraceMs = DEFAULT_CONNECTION_GRACE_MS,
  connectionIdleMs = DEFAULT_CONNECTION_IDLE_MS,
}: RpcServerOptions): ServerOptions {
  return {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': concurrentStreamsMax,
    interceptors: [halfOpenGuard(requestTimeoutMs)],
    // A connection that is gone without a FIN is noticed within half a minute.
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 5_000,
    // New replicas get their share: clients connect anew, and resolve anew, every five minutes.
    'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
    // grpc-js knows no Infinity: without the option there is no limit.
    ...(connectionGraceMs === Infinity ? {} : { 'grpc.max_connection_age_grace_ms': connectionGraceMs }),
    'grpc.max_connection_idle_ms': connectionIdleMs,
  };
}

function toServeOptions({ name, logger, tracing, metrics, verifyCaller, ...options }: RpcServerOptions): ServeOptions {
  const interceptors = [
    requestIdInterceptor(),
    tracingInterceptor(tracing),
    metricsInterceptor(metrics),
    deadlineInterceptor(TIMEOUT_MAX_MS),
    assertionInterceptor(verifyCaller),
    ...(options.interceptors ?? []),
  ];
  const { readerStuckMs = READER_STUCK_MS } = options;
  return {
    name,
    interceptors,
    createCall: (served, incoming) => new ServerCall(served, incoming, logger),
    readerStuckMs,
  };
}

/** Adds the services to a server, and the lanes that carry them too. */
function addServices(
  server: Server,
  { services, metrics, lanes: limits = {} }: RpcServerOptions,
  serveOptions: ServeOptions,
): LaneService | undefined {
  for (const service of services) {
    const { definition, implementation } = toGrpcService(service, serveOptions);
    server.addService(definition, implementation);
  }
  if (limits === false) return undefined;
  const lanes = createLaneService({ ...serveOptions, services, metrics, limits });
  lanes.addTo(server);
  return lanes;
}

/** Lets calls end, for so long, and then cuts them off. */
async function shutDown(server: Server, listener: Listener, graceMs: number): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), graceMs);
  // It tells connections to go. When they have gone, only the listener knows: they are not of a server of grpc-js.
  server.tryShutdown(() => undefined);
  await listener.close();
  clearTimeout(timer);
}
