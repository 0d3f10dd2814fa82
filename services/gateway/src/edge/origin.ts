import type { IncomingMessage } from 'node:http';

import { hostHeaderInvalid, originForbidden } from '../errors.ts';

const LOCAL_HOSTNAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Checks who a request says it comes from and goes to. Web pages may call from this host, from localhost, and from the
 * allowed origins; what is not a browser sends no origin.
 *
 * @throws {AppError} HOST_HEADER_INVALID for more than one Host header, ORIGIN_FORBIDDEN.
 */
export function checkOrigin(request: IncomingMessage, allowedOrigins: ReadonlySet<string>): void {
  // Node keeps the first of several, a proxy in front of it may have looked at the last.
  if (countHeaders(request.rawHeaders, 'host') > 1) throw hostHeaderInvalid();
  const { origin, host } = request.headers;
  if (origin !== undefined && !isAllowed(origin, host, allowedOrigins)) throw originForbidden();
}

function isAllowed(origin: string, host: string | undefined, allowedOrigins: ReadonlySet<string>): boolean {
  if (allowedOrigins.has(origin)) return true;
  const url = URL.parse(origin);
  return url !== null && (LOCAL_HOSTNAMES.has(url.hostname) || url.host === host);
}

function countHeaders(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === name.length && rawHeaders[index]?.toLowerCase() === name) count += 1;
  }
  return count;
}
