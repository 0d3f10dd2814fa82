import { CliError, UsageError } from '../cli-error.ts';
import { freePorts, isFree } from './free-ports.ts';

/** The services of a local cluster, those that others call first. */
const clusterServices = ['auth', 'context', 'resource', 'tool', 'gateway'] as const;
export type ClusterService = (typeof clusterServices)[number];

/** How many replicas of each service to run. */
export type Replicas = Readonly<Record<ClusterService, number>>;

/** More on one machine shows nothing. */
export const REPLICAS_MAX = 16;
const PORT_MAX = 65_535;

/**
 * Parses `gateway=2,tool=3`; services that are not named have one replica.
 *
 * @throws {UsageError} for an unknown service, and for a number that is not 1 to REPLICAS_MAX.
 */
export function parseReplicas(texts: readonly string[]): Replicas {
  const replicas: Record<ClusterService, number> = { auth: 1, context: 1, resource: 1, tool: 1, gateway: 1 };
  for (const text of texts.flatMap((part) => part.split(','))) {
    const [, name, count] = /^(\w+)=(\d+)$/.exec(text) ?? [];
    const service = clusterServices.find((known) => known === name);
    const number = Number(count);
    if (name !== undefined && service === undefined) {
      throw new UsageError(`there is no service "${name}"`, { hint: `the services are ${clusterServices.join(', ')}` });
    }
    if (service === undefined || number < 1 || number > REPLICAS_MAX) {
      throw new UsageError(`"${text}" does not say how many replicas there should be`, {
        hint: `write e.g. --replicas gateway=2; the services are ${clusterServices.join(', ')}, at most ${REPLICAS_MAX} each`,
      });
    }
    replicas[service] = number;
  }
  return replicas;
}

/** One process of a local cluster. */
export interface Member {
  readonly service: ClusterService;
  /** Counts from 1. */
  readonly replica: number;
  readonly grpcPort: number;
  readonly adminPort: number;
}

/** Where everything of a local cluster is. */
export interface Topology {
  readonly members: readonly Member[];
  /** All gateway replicas listen on it, and share a gRPC port too. */
  readonly httpPort: number;
}

const DEFAULT_GRPC_PORTS: Readonly<Record<ClusterService, number>> = {
  gateway: 50_051,
  context: 50_052,
  tool: 50_053,
  resource: 50_054,
  auth: 50_055,
};
const DEFAULT_HTTP_PORT = 8_000;

/**
 * Lays out a cluster: the first replica of each service on its own port, the others on free ones; those of the gateway on one.
 *
 * @throws {CliError} for a port in the environment that is none.
 */
export async function planTopology(replicas: Replicas, env: NodeJS.ProcessEnv): Promise<Topology> {
  const httpPort = portOf('GATEWAY_HTTP_PORT', DEFAULT_HTTP_PORT, env);
  const wanted = clusterServices.flatMap((service) => {
    const port = portOf(`${service.toUpperCase()}_GRPC_PORT`, DEFAULT_GRPC_PORTS[service], env);
    return Array.from({ length: replicas[service] }, (_, index) => ({
      service,
      replica: index + 1,
      port: index === 0 ? port : 0,
    }));
  });
  const fixed = [httpPort, ...wanted.map(({ port }) => port)].filter((port) => port !== 0);
  // One a member for health, one a member for gRPC, one for HTTP; those that are fixed stay unused.
  const free = await freePorts(2 * wanted.length + 1, fixed);
  const take = () => free.pop() ?? 0;
  const gatewayPort = wanted.find(isGateway)?.port || take();
  const grpcPortOf = (member: (typeof wanted)[number]) => (isGateway(member) ? gatewayPort : member.port || take());
  return {
    members: wanted.map((member) => ({
      service: member.service,
      replica: member.replica,
      grpcPort: grpcPortOf(member),
      adminPort: take(),
    })),
    httpPort: httpPort === 0 ? take() : httpPort,
  };
}

/**
 * Tries the ports that are fixed, by a setting or by default, before anything is started.
 *
 * @throws {CliError} with a sentence for each that is in use.
 */
export async function requireFreePorts({ members, httpPort }: Topology): Promise<void> {
  const fixed = [
    { name: 'GATEWAY_HTTP_PORT', port: httpPort },
    ...members
      .filter(({ replica }) => replica === 1)
      .map(({ service, grpcPort }) => ({ name: `${service.toUpperCase()}_GRPC_PORT`, port: grpcPort })),
  ];
  const checked = await Promise.all(fixed.map(async (port) => ({ ...port, isFree: await isFree(port.port) })));
  const taken = checked.filter((port) => !port.isFree);
  if (taken.length === 0) return;
  throw new CliError(
    taken.map(({ name, port }) => `cannot listen on 127.0.0.1:${port}: it is in use; set ${name}`).join('\n  '),
    { hint: 'stop the other program, or set the ports named (0 takes any free one)' },
  );
}

/** Returns the gRPC target that reaches every replica of a service. */
export function targetOf(service: ClusterService, { members }: Topology): string {
  const addresses = members
    .filter((member) => member.service === service)
    .map(({ grpcPort }) => `127.0.0.1:${grpcPort}`);
  const different = [...new Set(addresses)];
  return different.length === 1 ? different.join() : `ipv4:${different.join(',')}`;
}

/** Tells whether a process is a replica of the gateway, whose ports are those that clients know. */
export function isGateway({ service }: Pick<Member, 'service'>): boolean {
  return service === 'gateway';
}

function portOf(name: string, fallback: number, env: NodeJS.ProcessEnv): number {
  const text = env[name];
  if (!text) return fallback;
  const port = /^\d+$/.test(text) ? Number(text) : PORT_MAX + 1;
  if (port <= PORT_MAX) return port;
  throw new CliError(`${name} is "${text}", which is not a port`, {
    hint: `ports are numbers from 0 (any free one) to ${PORT_MAX}`,
  });
}
