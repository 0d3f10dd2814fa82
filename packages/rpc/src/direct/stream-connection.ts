import type { Http2Session, ServerHttp2Stream } from 'node:http2';

/** A connection that streams come on. */
export interface StreamConnection {
  /** The address it comes from, as `ip:port`. */
  readonly peer: string;
  /** What its unary requests that are not whole hold. */
  arrivingBytes: number;
}

const connections = new WeakMap<Http2Session, StreamConnection>();

/** Returns the connection of a stream, the same for each. A session's socket answers through a proxy, so it is asked once. */
export function connectionOf({ session }: ServerHttp2Stream): StreamConnection {
  if (session === undefined) return { peer: 'unknown', arrivingBytes: 0 };
  const known = connections.get(session);
  if (known !== undefined) return known;
  const { remoteAddress, remotePort } = session.socket;
  const peer = remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
  const connection = { peer, arrivingBytes: 0 };
  connections.set(session, connection);
  return connection;
}
