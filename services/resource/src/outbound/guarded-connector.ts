import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';

import { buildConnector } from 'undici';

import { addressForbidden } from '../errors.ts';
import { isPublicAddress } from './public-address.ts';

/** One address of a host. */
interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Returns all addresses of a host; rejects with a system error such as ENOTFOUND. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** How connections are made. */
export interface GuardedConnectorOptions {
  /** `host:port` pairs that may be reached whatever their address. For tests. */
  readonly allowHosts: ReadonlySet<string>;
  /** The time a connection may take, resolving and TLS included, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Default: the resolver of the operating system. */
  readonly resolveHost?: ResolveHost | undefined;
}

const HTTP_PORT = '80';
const HTTPS_PORT = '443';

/**
 * Creates the only way to open a connection to a source. The address is checked when the connection is made, not before: the
 * addresses that were checked are the very ones handed to the socket, so a name that resolves differently a moment later
 * (DNS rebinding) gains nothing. One forbidden address among several refuses the host.
 */
export function createGuardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { allowHosts, connectTimeoutMs, resolveHost = resolveBySystem } = options;
  const shared = { allowH2: false, timeout: connectTimeoutMs, autoSelectFamily: true };
  const connectGuarded = buildConnector({ ...shared, lookup: createGuardedLookup(resolveHost) });
  const connectAllowed = buildConnector({ ...shared, lookup: lookupWith(resolveHost, () => {}) });

  return (target, callback) => {
    const hostname = target.hostname.replace(/^\[(.*)\]$/, '$1');
    const port = target.port || (target.protocol === 'https:' ? HTTPS_PORT : HTTP_PORT);
    if (allowHosts.has(`${hostname}:${port}`)) {
      connectAllowed(target, callback);
      return;
    }
    // A literal address never reaches the lookup.
    if (isIP(hostname) !== 0 && !isPublicAddress(hostname)) {
      callback(addressForbidden('the address is not public'), null);
      return;
    }
    connectGuarded(target, (error, socket) => {
      // Not by the socket: undici leaves it undefined where its types promise null.
      if (error !== null) {
        callback(error, null);
        return;
      }
      // Holds by what came before; asked again because nothing else stands between here and the request.
      if (isPublicAddress(socket.remoteAddress ?? '')) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(addressForbidden('the host is not at a public address'), null);
    });
  };
}

/** Creates a lookup that hands a socket nothing but addresses it has checked itself, in one go. */
export function createGuardedLookup(resolveHost: ResolveHost): LookupFunction {
  return lookupWith(resolveHost, assertPublic);
}

function assertPublic(addresses: readonly ResolvedAddress[]): void {
  if (addresses.every(({ address }) => isPublicAddress(address))) return;
  throw addressForbidden('the host is not at a public address');
}

async function resolveBySystem(hostname: string): Promise<readonly ResolvedAddress[]> {
  return dnsLookup(hostname, { all: true, order: 'verbatim' });
}

function lookupWith(resolveHost: ResolveHost, check: (addresses: readonly ResolvedAddress[]) => void): LookupFunction {
  return (hostname, { all }, callback) => {
    resolveHost(hostname)
      .then((addresses) => {
        check(addresses);
        const [first] = addresses;
        if (first === undefined) throw Object.assign(new Error('the host has no address'), { code: 'ENOTFOUND' });
        if (all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      })
      .catch((error: unknown) => {
        callback(error instanceof Error ? error : new Error('the lookup failed', { cause: error }), '', 0);
      });
  };
}
