import { once } from 'node:events';
import { createServer } from 'node:net';

import { AppError } from '@gantry/errors';
import { createCounter, type CounterSeries, type Registry } from '@gantry/telemetry';
import { type Server, ServerCredentials } from '@grpc/grpc-js';

import { addToGauge } from './summed-gauge.ts';

/** Connections of one server. A process of ours has one to each replica; the rest is room for clients. */
const CONNECTIONS_MAX = 4_096;

/** Where to listen. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Whether other processes of this machine may listen on the same port; the kernel spreads connections over them. */
  readonly reusePort?: boolean;
  /** Connections beyond are closed at once. Default {@link CONNECTIONS_MAX}. */
  readonly connectionsMax?: number;
  readonly metrics: Registry;
}

/** Something that listens. */
export interface Listener {
  readonly port: number;
  /** Takes no more connections; those that are open stay. Resolves when the last of them has closed. Idempotent. */
  close(): Promise<void>;
}

/**
 * Listens on behalf of a gRPC server, and gives it the connections: grpc-js listens by itself too, but neither shares a port nor
 * limits connections, and does not say why it cannot listen.
 *
 * @throws {AppError} ADDRESS_UNAVAILABLE.
 */
export async function listenFor(server: Server, options: ListenOptions): Promise<Listener> {
  const { host, port, reusePort = false, connectionsMax = CONNECTIONS_MAX, metrics } = options;
  const listener = createServer({ noDelay: true });
  listener.maxConnections = connectionsMax;
  try {
    listener.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, reusePort });
    await once(listener, 'listening');
  } catch (cause) {
    throw addressUnavailable(`${host}:${port}`, cause);
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  let connections = 0;
  const gauge = { name: 'gantry_rpc_server_connections', help: 'Open connections of gRPC servers.' };
  addToGauge(metrics, gauge, () => connections);
  const refused = refusedOf(metrics);
  listener.on('drop', () => refused.inc());
  listener.on('connection', (socket) => {
    connections += 1;
    socket.once('close', () => (connections -= 1));
    injector.injectConnection(socket);
  });
  const address = listener.address();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  listener.once('close', resolve);
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close() {
      listener.close();
      return closed;
    },
  };
}

const refusedByRegistry = new WeakMap<Registry, CounterSeries>();

/** Counts over all servers that share the registry. */
function refusedOf(registry: Registry): CounterSeries {
  const known = refusedByRegistry.get(registry);
  if (known !== undefined) return known;
  const refused = createCounter({
    name: 'gantry_rpc_server_connections_refused_total',
    help: 'gRPC connections that were closed because there were too many.',
    registers: [registry],
  }).labels({});
  refusedByRegistry.set(registry, refused);
  return refused;
}

/** What is wrong with an address, by the code of the system's error. */
const ADDRESS_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use; stop the other program, or choose another port (0 takes any free one)',
  EACCES: 'this user may not; choose a port above 1023',
  EADDRNOTAVAIL: 'this machine has no such address; choose another host',
  ENOTFOUND: 'there is no such host; choose another one',
};

function addressUnavailable(address: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new AppError({
    code: 'FAILED_PRECONDITION',
    reason: 'ADDRESS_UNAVAILABLE',
    message: `cannot listen on ${address}: ${ADDRESS_PROBLEMS[code] ?? 'is something else using it?'}`,
    cause,
  });
}
