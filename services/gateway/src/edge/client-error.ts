import type { Duplex } from 'node:stream';

import type { GatewayMetrics } from '../metrics.ts';
import { plainResponse, toHttpBytes } from './http-response.ts';

/** Where it happened. */
export interface Unreadable {
  readonly socket: Duplex;
  /** Whether part of an answer is on its way: nothing may be put in the middle of it. */
  readonly isAnswering: boolean;
  readonly metrics: Pick<GatewayMetrics, 'unreadableRequests'>;
}

/** Answers what Node could not read as HTTP, counts it, and closes the connection. */
export function answerUnreadable(error: Error, { socket, isAnswering, metrics }: Unreadable): void {
  const response = toResponse('code' in error ? String(error.code) : '');
  if (response === undefined) {
    socket.destroy();
    return;
  }
  metrics.unreadableRequests.inc({ status: String(response.status) });
  if (socket.writable && !isAnswering) socket.write(toHttpBytes(response));
  socket.destroy();
}

/** Returns undefined when the network was at fault. */
function toResponse(code: string) {
  if (code === 'HPE_HEADER_OVERFLOW') return plainResponse(431, 'the headers are too long; send less');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return plainResponse(408, 'the request took too long to arrive');
  if (code.startsWith('HPE_')) return plainResponse(400, 'this is not an HTTP request that can be read');
  return undefined;
}
