import type { Registry } from '@gantry/telemetry';
import { status } from '@grpc/grpc-js';

import { addToGauge } from '../summed-gauge.ts';
import type { PlainStatus } from './message-frame.ts';
import type { StreamConnection } from './stream-connection.ts';

/** What a stream and its headers take before any of its message has come: 6 KiB were measured. */
export const STREAM_BYTES = 8 * 1024;

/** What requests that are not begun yet may hold of a process: sixty of the largest, 32,768 at all. Nobody knows yet who sends them. */
const PROCESS_BYTES_MAX = 256 * 1024 * 1024;

/** What those of one connection may hold: some of the largest at a time, or a thousand of 24 KiB. */
const CONNECTION_BYTES_MAX = 32 * 1024 * 1024;

/** How much there may be. */
export interface ArrivalLimits {
  readonly processBytesMax?: number;
  readonly connectionBytesMax?: number;
}

/** Counts the bytes of unary requests that have come and are not begun. */
export class Arrivals {
  readonly #processBytesMax: number;
  readonly #connectionBytesMax: number;
  #bytes = 0;

  constructor({ processBytesMax = PROCESS_BYTES_MAX, connectionBytesMax = CONNECTION_BYTES_MAX }: ArrivalLimits = {}) {
    this.#processBytesMax = processBytesMax;
    this.#connectionBytesMax = connectionBytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes room for what came; false when there is none, and then nothing is taken. */
  take(connection: StreamConnection, bytes: number): boolean {
    if (this.#bytes + bytes > this.#processBytesMax) return false;
    if (connection.arrivingBytes + bytes > this.#connectionBytesMax) return false;
    this.#add(connection, bytes);
    return true;
  }

  /** Gives room back. */
  give(connection: StreamConnection, bytes: number): void {
    this.#add(connection, -bytes);
  }

  #add(connection: StreamConnection, bytes: number): void {
    this.#bytes += bytes;
    connection.arrivingBytes += bytes;
  }
}

/** There is no room for more of a request. */
export const NO_ROOM: PlainStatus = {
  code: status.RESOURCE_EXHAUSTED,
  details: 'too many requests are being received; wait for answers before you send more',
};

/** Shows what requests that are not begun hold, over all servers that share the registry. */
export function showArrivals(arrivals: Arrivals, registry: Registry): void {
  const name = 'gantry_rpc_server_arriving_bytes';
  const help = 'Bytes of unary requests that have come and are not begun yet, with 8 KiB for each.';
  addToGauge(registry, { name, help }, () => arrivals.bytes);
}
