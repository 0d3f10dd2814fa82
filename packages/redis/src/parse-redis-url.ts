import { AppError } from '@gantry/errors';

/** One host and port of a Redis, Cluster or Sentinel process. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Describes where a Redis is and how to log in, as its URL says. */
export type RedisTarget =
  | (RedisLogin & { readonly kind: 'standalone'; readonly node: RedisNode; readonly db: number })
  | (RedisLogin & { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] })
  | (RedisLogin & {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisNode[];
      readonly masterName: string;
      readonly db: number;
    });

interface RedisLogin {
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
}

interface UrlParts {
  readonly scheme: string;
  readonly login: string | undefined;
  readonly hosts: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
/** Startup nodes only have to name a way in; more than this is a paste of the wrong thing. */
const NODES_MAX = 64;
/** Redis ships with 16 databases; the setting may be raised, but nobody has raised it beyond this. */
const DB_MAX = 65_535;
const FORMS =
  'use redis://host:port, rediss://host:port, redis+cluster://h1:p1,h2:p2 or redis+sentinel://h1:p1,h2:p2/master';
// The URL class refuses several hosts, so the authority is cut by hand.
const SHAPE = /^([a-z+]+):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

/**
 * Parses a Redis URL into a target, without connecting.
 *
 * Forms: `redis://`, `rediss://` (TLS), `redis+cluster://h1:p1,h2:p2`, `redis+sentinel://h1:p1,h2:p2/master`, and
 * `rediss+cluster://`, `rediss+sentinel://` for TLS. All take `user:pass@` (percent-encoded); all but a cluster take
 * `?db=2`, and a standalone also `/2`. Ports default to 6379, and to 26379 for a Sentinel.
 *
 * @throws {AppError} INVALID_ARGUMENT REDIS_URL_INVALID with a message that never contains the password.
 */
export function parseRedisUrl(url: string): RedisTarget {
  const parts = splitUrl(url);
  const login = parseLogin(parts);
  switch (parts.scheme) {
    case 'redis':
    case 'rediss':
      return parseStandalone(parts, login);
    case 'redis+cluster':
    case 'rediss+cluster':
      return parseCluster(parts, login);
    case 'redis+sentinel':
    case 'rediss+sentinel':
      return parseSentinel(parts, login);
    default:
      throw invalidUrl(`the scheme ${parts.scheme}:// is not one of Redis; ${FORMS}`);
  }
}

function parseStandalone(parts: UrlParts, login: RedisLogin): RedisTarget {
  const [node, ...others] = parseNodes(parts.hosts, REDIS_PORT);
  if (node === undefined || others.length > 0) {
    throw invalidUrl(`redis:// takes one host; for several ${FORMS}`);
  }
  return { kind: 'standalone', node, db: parseDb(parts.query.get('db') ?? parts.path), ...login };
}

function parseCluster(parts: UrlParts, login: RedisLogin): RedisTarget {
  if (parts.path !== '' || parts.query.has('db')) {
    throw invalidUrl('a cluster has only database 0; remove the path and ?db=');
  }
  return { kind: 'cluster', nodes: parseNodes(parts.hosts, REDIS_PORT), ...login };
}

function parseSentinel(parts: UrlParts, login: RedisLogin): RedisTarget {
  const masterName = decode(parts.path);
  if (masterName === '' || masterName.includes('/')) {
    throw invalidUrl('a sentinel url ends with the name of the master, as in redis+sentinel://h1:26379/mymaster');
  }
  const sentinels = parseNodes(parts.hosts, SENTINEL_PORT);
  return { kind: 'sentinel', sentinels, masterName, db: parseDb(parts.query.get('db') ?? ''), ...login };
}

function splitUrl(url: string): UrlParts {
  const match = SHAPE.exec(url.trim());
  if (match === null) {
    throw invalidUrl(`it is not a url Redis can be reached by; ${FORMS}`);
  }
  const [, scheme = '', login, hosts = '', path = '', query = ''] = match;
  const parts = { scheme: scheme.toLowerCase(), login, hosts, path, query: new URLSearchParams(query) };
  for (const name of parts.query.keys()) {
    if (name !== 'db') {
      throw invalidUrl(`the parameter ${name} is not known; only ?db= is`);
    }
  }
  return parts;
}

function parseLogin({ scheme, login }: UrlParts): RedisLogin {
  const tls = scheme.startsWith('rediss');
  if (login === undefined || login === '') {
    return { tls };
  }
  const colon = login.indexOf(':');
  const username = decode(colon === -1 ? login : login.slice(0, colon));
  const password = decode(colon === -1 ? '' : login.slice(colon + 1));
  if (password === '') {
    throw invalidUrl('a login is user:password@ or :password@, percent-encoded; the password is missing');
  }
  return username === '' ? { tls, password } : { tls, username, password };
}

function parseNodes(hosts: string, portDefault: number): readonly RedisNode[] {
  const nodes = hosts.split(',').map((host) => parseNode(host.trim(), portDefault));
  if (nodes.length > NODES_MAX) {
    throw invalidUrl(`it names ${nodes.length} hosts; name at most ${NODES_MAX}`);
  }
  return nodes;
}

function parseNode(text: string, portDefault: number): RedisNode {
  // `[::1]:6379` or `host:6379`; a bare IPv6 address would be ambiguous.
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) {
    throw invalidUrl(text === '' ? `a host is missing; ${FORMS}` : `${text} is not host:port (IPv6 goes in brackets)`);
  }
  const port = match?.[3] === undefined ? portDefault : Number(match[3]);
  if (port < 1 || port > 65_535) {
    throw invalidUrl(`the port of ${host} is ${port}; ports are 1 to 65535`);
  }
  return { host, port };
}

function parseDb(text: string): number {
  if (text === '') {
    return 0;
  }
  const db = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(db <= DB_MAX)) {
    throw invalidUrl(`the database is a number from 0 to ${DB_MAX}, not ${text}`);
  }
  return db;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUrl('a percent sign in the login or master name must be written %25');
  }
}

function invalidUrl(problem: string): AppError {
  return new AppError({
    code: 'INVALID_ARGUMENT',
    reason: 'REDIS_URL_INVALID',
    message: `the redis url cannot be used: ${problem}`,
  });
}
