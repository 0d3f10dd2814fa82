import { Agent, type Dispatcher } from 'undici';

import { addressForbidden, redirectSchemeForbidden, upstreamUnavailable } from '../errors.ts';
import { discard } from './discard.ts';
import { createGuardedConnector, type ResolveHost } from './guarded-connector.ts';

/** How long the parts of an exchange may take, in milliseconds. */
interface OutboundTimeouts {
  /** Resolving, connecting and TLS. */
  readonly connectMs: number;
  /** From the request to the headers of its answer; and between two pieces of its body. */
  readonly headersMs: number;
  /** All of it, redirects included. */
  readonly totalMs: number;
}

/** How the world outside is reached. */
export interface OutboundClientOptions {
  /** `host:port` pairs that may be reached whatever their address. For tests. */
  readonly allowHosts: ReadonlySet<string>;
  readonly timeouts: OutboundTimeouts;
  /** Default: the resolver of the operating system. */
  readonly resolveHost?: ResolveHost | undefined;
}

/** An answer whose body has yet to be read; reading it, or destroying it, frees the connection. */
export interface OutboundResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Dispatcher.ResponseData['body'];
}

/** The one way out of this process: every request to a source goes through it, and so does every redirect. */
export interface OutboundClient extends AsyncDisposable {
  /**
   * Sends a GET and follows its redirects.
   *
   * @throws {AppError} RESOURCE_ADDRESS_FORBIDDEN; UPSTREAM_UNAVAILABLE for too many redirects; and what undici throws.
   */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<OutboundResponse>;
}

/** As many as browsers of old, and more than any honest source needs. */
const REDIRECTS_MAX = 5;
/** A source is not a load target: more reads than this at once to one origin wait for each other. */
const CONNECTIONS_PER_ORIGIN_MAX = 16;
/** Origins with an open connection; idle ones close after seconds, so this bounds sockets and not who can be read. */
const ORIGINS_MAX = 512;
const KEEP_ALIVE_MS = 4_000;
const HEADER_BYTES_MAX = 16 * 1024;
const REDIRECT_CODES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Creates the client. */
export function createOutboundClient({ allowHosts, timeouts, resolveHost }: OutboundClientOptions): OutboundClient {
  const agent = new Agent({
    connect: createGuardedConnector({ allowHosts, connectTimeoutMs: timeouts.connectMs, resolveHost }),
    connections: CONNECTIONS_PER_ORIGIN_MAX,
    maxOrigins: ORIGINS_MAX,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.headersMs,
    maxHeaderSize: HEADER_BYTES_MAX,
  });

  async function send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<OutboundResponse> {
    const response = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: { ...headers },
      signal,
    });
    return { statusCode: response.statusCode, headers: singleValued(response.headers), body: response.body };
  }

  return {
    async get(startUrl, headers, signal) {
      let url = startUrl;
      for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
        const response = await send(url, headers, signal);
        const { location } = response.headers;
        if (!REDIRECT_CODES.has(response.statusCode) || location === undefined) return response;
        discard(response);
        url = redirectTarget(url, location);
      }
      throw upstreamUnavailable(`the source redirects more than ${REDIRECTS_MAX} times`);
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** A redirect is a URL chosen by a stranger. */
function redirectTarget(from: URL, location: string): URL {
  const target = URL.parse(location, from.href);
  if (target === null) throw upstreamUnavailable('the source redirects to something that is not a url');
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw redirectSchemeForbidden(target.protocol.slice(0, -1));
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw addressForbidden('the source redirects from https to http');
  }
  if (target.username !== '' || target.password !== '') {
    throw addressForbidden('the source redirects to a url with credentials');
  }
  return target;
}

/** Of a header that came twice, the first counts: joining them would let a source smuggle in parts. */
function singleValued(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value[0] : value]),
  );
}
