import { type ChannelOptions, experimental } from '@grpc/grpc-js';

/** How often a name is resolved anew: a replica that was added gets calls within this time. */
const RESOLVE_INTERVAL_MS = 15_000;

/** The most addresses that are heeded: each gets a lane. */
const ADDRESSES_MAX = 256;

/** The schemes of gRPC's name syntax that name addresses; what begins otherwise is a host and a port for DNS. */
const SCHEMES: ReadonlySet<string> = new Set(['dns', 'ipv4', 'ipv6', 'unix']);

// gRPC's name syntax (grpc/grpc doc/naming.md): scheme:[//authority/]path.
const TARGET = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/]*)\/)?(.+)$/;

/** Follows the addresses that a target stands for. */
export interface AddressWatch extends Disposable {
  /** Resolves anew, soon: something has changed. */
  refresh(): void;
}

/**
 * Watches a target, and tells of its addresses, each as a target of its own, whenever they are resolved. While a name cannot be
 * resolved nothing is told: the addresses known so far go on being used.
 */
export function watchAddresses(target: string, onAddresses: (targets: readonly string[]) => void): AddressWatch {
  const options: ChannelOptions = {
    'grpc.service_config_disable_resolution': 1,
    'grpc.dns_min_time_between_resolutions_ms': 5_000,
  };
  const resolver = experimental.createResolver(
    parseTarget(target),
    (endpoints) => {
      if (endpoints.ok)
        onAddresses(endpoints.value.flatMap(({ addresses }) => addresses.map(toTarget)).slice(0, ADDRESSES_MAX));
      return true;
    },
    options,
  );
  const timer = setInterval(() => resolver.updateResolution(), RESOLVE_INTERVAL_MS);
  timer.unref();
  resolver.updateResolution();
  return {
    refresh: () => resolver.updateResolution(),
    [Symbol.dispose]() {
      clearInterval(timer);
      resolver.destroy();
    },
  };
}

function parseTarget(target: string) {
  const [, scheme, authority, path = ''] = TARGET.exec(target) ?? [];
  if (scheme === undefined || !SCHEMES.has(scheme)) return { scheme: 'dns', path: target };
  return authority === undefined ? { scheme, path } : { scheme, authority, path };
}

type Address = { readonly host: string; readonly port: number } | { readonly path: string };

function toTarget(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(':') ? `ipv6:[${host}]:${port}` : `ipv4:${host}:${port}`;
}
