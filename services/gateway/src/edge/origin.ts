import type { IncomingMessage } from 'node:http';

import { hostForbidden, hostHeaderInvalid, originForbidden, requestInvalid } from '../errors.ts';

const LOCAL_HOSTNAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Which web pages may call, and by which names this gateway is called. */
export interface OriginPolicy {
  /**
   * Checks who a request says it comes from and goes to.
   *
   * @throws {AppError} HOST_HEADER_INVALID for more than one Host header, REQUEST_INVALID for more than one Authorization
   *   header, HOST_FORBIDDEN, ORIGIN_FORBIDDEN.
   */
  check(request: IncomingMessage): void;
}

/**
 * Creates the policy of a gateway that listens on a host. Web pages may call from localhost and from the allowed origins;
 * what is not a browser sends no origin. That a page comes from the host it calls says nothing: a name of the attacker's
 * may lead here (DNS rebinding). For the same reason a gateway on a loopback address goes by no other name than
 * localhost's and those of the allowed origins. On other addresses its public name is not known, and any will do.
 */
export function createOriginPolicy(listeningHost: string, origins: readonly string[]): OriginPolicy {
  const allowedOrigins: ReadonlySet<string> = new Set(origins);
  const allowedHostnames = new Set(origins.flatMap((origin) => URL.parse(origin)?.hostname ?? []));
  const checksHost = isLoopback(listeningHost);
  const isKnownHost = remembered((host) => {
    const hostname = URL.parse(`http://${host}`)?.hostname ?? '';
    return LOCAL_HOSTNAMES.has(hostname) || isLoopback(hostname) || allowedHostnames.has(hostname);
  });
  const isKnownOrigin = (origin: string) =>
    allowedOrigins.has(origin) || LOCAL_HOSTNAMES.has(URL.parse(origin)?.hostname ?? '');
  return {
    check({ headers: { host, origin }, rawHeaders }) {
      // Node keeps the first of several, a proxy in front of it may have looked at the last.
      if (countHeaders(rawHeaders, 'host') > 1) throw hostHeaderInvalid();
      if (countHeaders(rawHeaders, 'authorization') > 1) {
        throw requestInvalid('a request has at most one Authorization header');
      }
      if (checksHost && host !== undefined && !isKnownHost(host)) throw hostForbidden();
      if (origin !== undefined && !isKnownOrigin(origin)) throw originForbidden();
    },
  };
}

/** Remembers the last answer: a gateway goes by one name, mostly, and parsing it costs as much as the rest of the checks. */
function remembered(decide: (text: string) => boolean): (text: string) => boolean {
  let last: { readonly text: string; readonly decision: boolean } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, decision: decide(text) };
    return last.decision;
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function countHeaders(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === name.length && rawHeaders[index]?.toLowerCase() === name) count += 1;
  }
  return count;
}
