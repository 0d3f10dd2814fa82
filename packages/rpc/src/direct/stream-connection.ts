import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';

/**
 * Requests of a connection that there was no room for, before it is cut: it goes on sending, and refusing costs about as much as
 * serving. One that has been answered before is of a client that means it, and is not cut.
 */
const REFUSALS_MAX = 16;

/** A connection that streams come on. */
export class StreamConnection {
  /** The address it comes from, as `ip:port`. */
  readonly peer: string;
  /** What its unary requests that are not begun hold. */
  arrivingBytes = 0;
  /** Whether a request on it has been answered with a message. */
  isKnown = false;
  readonly #cut: () => void;
  #refusals = 0;

  constructor(peer: string, cut: () => void) {
    this.peer = peer;
    this.#cut = cut;
  }

  /** There was no room for a request. */
  refused(): void {
    this.#refusals += 1;
    if (this.#refusals === REFUSALS_MAX && !this.isKnown) this.#cut();
  }
}

const connections = new WeakMap<Http2Session, StreamConnection>();
const nobody = () => undefined;

/** Returns the connection of a stream, the same for each. A session's socket answers through a proxy, so it is asked once. */
export function connectionOf({ session }: ServerHttp2Stream): StreamConnection {
  if (session === undefined) return new StreamConnection('unknown', nobody);
  const known = connections.get(session);
  if (known !== undefined) return known;
  const { remoteAddress, remotePort } = session.socket;
  const peer = remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
  const cut = () => session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  const connection = new StreamConnection(peer, cut);
  connections.set(session, connection);
  return connection;
}
