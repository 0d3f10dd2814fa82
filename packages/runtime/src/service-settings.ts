import { z } from 'zod';

const PORT_MAX = 65_535;
const PORT_EXPECTED = `must be a port from 0 to ${PORT_MAX}`;
/** What 24 random bytes give in base64: beyond any guess. */
const CLUSTER_SECRET_CHARACTERS_MIN = 32;
const CLUSTER_SECRET_EXPECTED = `expected a secret of at least ${CLUSTER_SECRET_CHARACTERS_MIN} random characters, the same for all services`;

/** The gRPC ports of the services, when nothing else is set. */
const DEFAULT_GRPC_PORTS = { gateway: 50_051, context: 50_052, tool: 50_053, resource: 50_054, auth: 50_055 } as const;

/** A service that others call. */
export type ServiceName = keyof typeof DEFAULT_GRPC_PORTS;

/** Returns the setting of an address to listen on; loopback unless somebody opens it. */
export function hostSetting(description = 'Address the gRPC server listens on.') {
  return z.string().default('127.0.0.1').describe(description);
}

/** Returns the setting of a port to listen on. */
export function portSetting(fallback: number, description: string) {
  return z.coerce
    .number({ error: PORT_EXPECTED })
    .int({ error: PORT_EXPECTED })
    .min(0, { error: PORT_EXPECTED })
    .max(PORT_MAX, { error: PORT_EXPECTED })
    .default(fallback)
    .describe(description);
}

/** Returns the setting of a service's own gRPC port. */
export function grpcPortSetting(service: ServiceName) {
  return portSetting(DEFAULT_GRPC_PORTS[service], 'Port the gRPC server listens on; 0 takes any free one.');
}

/** Returns the setting of where another service is. */
export function addressSetting(service: ServiceName) {
  return z
    .string()
    .min(1)
    .default(`127.0.0.1:${DEFAULT_GRPC_PORTS[service]}`)
    .describe(`gRPC target of the ${service} service.`);
}

/** Returns the setting of the database, which is required. `holds` ends the sentence "The Postgres database; …". */
export function databaseUrlSetting(holds: string) {
  return z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected postgres://user:password@host:port/database' })
    .describe(`The Postgres database; ${holds}.`)
    .meta({ secret: true });
}

/** Returns the setting of the secret the services share, which is required. */
export function clusterSecretSetting() {
  return z
    .string({ error: CLUSTER_SECRET_EXPECTED })
    .min(CLUSTER_SECRET_CHARACTERS_MIN, { error: CLUSTER_SECRET_EXPECTED })
    .describe(
      `The secret that all services of the cluster share, at least ${CLUSTER_SECRET_CHARACTERS_MIN} characters.`,
    )
    .meta({ secret: true });
}
