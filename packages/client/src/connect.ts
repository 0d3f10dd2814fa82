import { type ChannelCredentials, type ChannelOptions, Client, credentials } from '@grpc/grpc-js';

import { PooledSession } from './pooled-session.ts';
import type { Session } from './session.ts';

/** More streams than a machine has cores for carry no more. */
const SESSIONS_MAX = 32;

/** Enough to keep a gateway busy over a connection of 10 ms; the gateway takes up to 1,024. */
const DEFAULT_IN_FLIGHT_MAX = 256;
const IN_FLIGHT_MAX = 1_024;

/** A second of a busy client. */
const DEFAULT_QUEUED_MAX = 10_000;

/** A gateway that is gone without a word is noticed within half a minute. */
const KEEPALIVE = { intervalMs: 20_000, timeoutMs: 5_000 } as const;

/** When gRPC itself connects again; the session has its own backoff above it. */
const RECONNECT_BACKOFF = { firstMs: 50, maxMs: 1_000 } as const;

/** Options of connect(). */
export interface ConnectOptions {
  /** The gateway's gRPC address, e.g. `127.0.0.1:50051` or `dns:///gateway.example:50051`. */
  readonly target: string;
  /** The API key. It is sent as it is: over a network, with TLS. */
  readonly apiKey: string;
  /** TLS. Default: none, for a gateway on this machine. */
  readonly credentials?: ChannelCredentials | undefined;
  /** How many streams, each on a connection of its own, 1 to 32. Default 1, which is enough for a core of the gateway. */
  readonly sessions?: number | undefined;
  /** How many requests may be in flight on one stream, 1 to 1,024; more wait. Default 256. */
  readonly inFlightMax?: number | undefined;
  /** How many requests may wait; more are rejected with SESSION_QUEUE_FULL. Default 10,000. */
  readonly queuedMax?: number | undefined;
  /** A revision of MCP up to 2025-11-25, to be answered in its dialect. Default: the native dialect. */
  readonly protocolVersion?: string | undefined;
  /** Options of grpc-js for the connections, over those that are set here. */
  readonly channelOptions?: ChannelOptions | undefined;
}

/**
 * Opens a session. Returns at once: requests wait until it is open, and whenever it has to be opened again.
 *
 * @throws {RangeError} when an option is out of its range.
 * @throws {TypeError} when there is no target.
 * @example
 * await using session = connect({ target: '127.0.0.1:50051', apiKey });
 * const result = await session.request('tools/call', { name: 'echo', arguments: { message: 'hi' } });
 */
export function connect(options: ConnectOptions): Session {
  const { apiKey, protocolVersion } = options;
  const target = checkTarget(options.target);
  const sessions = between(1, SESSIONS_MAX, { name: 'sessions', value: options.sessions ?? 1 });
  const inFlight = { name: 'inFlightMax', value: options.inFlightMax ?? DEFAULT_IN_FLIGHT_MAX };
  const queued = { name: 'queuedMax', value: options.queuedMax ?? DEFAULT_QUEUED_MAX };
  const channelCredentials = options.credentials ?? credentials.createInsecure();
  const createClient = () => new Client(target, channelCredentials, { ...channelOptions, ...options.channelOptions });
  return new PooledSession({
    clients: Array.from({ length: sessions }, createClient),
    target,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(protocolVersion === undefined ? {} : { 'mcp-protocol-version': protocolVersion }),
    },
    inFlightMax: between(1, IN_FLIGHT_MAX, inFlight),
    queuedMax: between(0, Number.MAX_SAFE_INTEGER, queued),
  });
}

const channelOptions: ChannelOptions = {
  // Without it all streams would share one connection.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': KEEPALIVE.intervalMs,
  'grpc.keepalive_timeout_ms': KEEPALIVE.timeoutMs,
  'grpc.initial_reconnect_backoff_ms': RECONNECT_BACKOFF.firstMs,
  'grpc.min_reconnect_backoff_ms': RECONNECT_BACKOFF.firstMs,
  'grpc.max_reconnect_backoff_ms': RECONNECT_BACKOFF.maxMs,
  // A frame of the gateway: a message of 4 MiB, and what wraps it.
  'grpc.max_receive_message_length': 4 * 1024 * 1024 + 64 * 1024,
  'grpc.max_send_message_length': -1,
};

/** Whoever writes JavaScript, or reads it out of a file, may have none. */
function checkTarget(target: unknown): string {
  if (typeof target === 'string' && target !== '') return target;
  throw new TypeError("target must be the gateway's gRPC address, e.g. 127.0.0.1:50051");
}

function between(min: number, max: number, { name, value }: { name: string; value: number }): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}
