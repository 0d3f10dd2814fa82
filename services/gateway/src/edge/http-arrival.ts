import type { IncomingMessage } from 'node:http';

import type { CancelSignal } from '@gantry/rpc';
import { type Clock, parseTraceparent } from '@gantry/telemetry';

import { credentialShown } from '../clients/shown-credential.ts';
import { protocolVersionNeedsHttp, protocolVersionUnsupported, versionHeaderInvalid } from '../errors.ts';
import {
  type Dialect,
  dialectOfHeaders,
  isLegacyVersion,
  isModernEra,
  isModernVersion,
  LEGACY_VERSIONS,
} from '../json-rpc/dialect.ts';
import type { Arrival } from '../pipeline/arrival.ts';

/** Returns the path that a request asks for, without its query. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** Returns the dialect that the headers of a request speak for. */
export function dialectHintOf({ headers }: IncomingMessage): Dialect {
  return dialectOfHeaders(textOf(headers['mcp-protocol-version']), textOf(headers['mcp-session-id']));
}

/**
 * Returns the dialect that the messages of a connection will be of, which has no headers for each of them.
 *
 * @throws {AppError} PROTOCOL_VERSION_UNSUPPORTED for a stateless revision, PROTOCOL_VERSION_INVALID for none.
 */
export function dialectOfConnection(version: string | undefined, sessionId: string | undefined): Dialect {
  if (version === undefined || isLegacyVersion(version)) return dialectOfHeaders(version, sessionId);
  if (isModernVersion(version)) throw protocolVersionNeedsHttp(version, LEGACY_VERSIONS);
  if (isModernEra(version)) throw protocolVersionUnsupported(version, LEGACY_VERSIONS);
  throw versionHeaderInvalid(version, LEGACY_VERSIONS);
}

/** As dialectOfConnection, of the request that asks for the connection. */
export function dialectOfRequest({ headers }: IncomingMessage): Dialect {
  return dialectOfConnection(textOf(headers['mcp-protocol-version']), textOf(headers['mcp-session-id']));
}

/** What a request does not say itself. */
export interface ArrivalFacts {
  readonly transport: 'http' | 'websocket';
  readonly dialect: Dialect;
  readonly requestId: string;
  readonly signal: CancelSignal | undefined;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** Returns how the messages of a request came in. */
export function toHttpArrival({ headers, socket }: IncomingMessage, facts: ArrivalFacts): Arrival {
  const { transport, dialect, requestId, signal, clock, requestTimeoutMs } = facts;
  return {
    transport,
    clientAddress: socket.remoteAddress ?? '',
    credential: credentialShown(socket, headers.authorization),
    dialect,
    headers: transport === 'http' ? headers : undefined,
    requestId,
    parent: parseTraceparent(textOf(headers['traceparent'])),
    deadlineMs: clock.now() + requestTimeoutMs,
    signal,
    connection: undefined,
  };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
