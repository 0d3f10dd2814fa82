import { parseEnv } from '@gantry/runtime';
import { z } from 'zod';

const PORT_MAX = 65_535;
const CLUSTER_SECRET_CHARACTERS_MIN = 32;

/** The environment of the context service. */
export const envSchema = z.object({
  CONTEXT_GRPC_HOST: z.string().default('127.0.0.1').describe('Address the gRPC server listens on.'),
  CONTEXT_GRPC_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(PORT_MAX)
    .default(50_052)
    .describe('Port the gRPC server listens on; 0 takes any free one.'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected postgres://user:password@host:port/database' })
    .describe('The Postgres database; holds documents, their index and sessions.')
    .meta({ secret: true }),
  GANTRY_CLUSTER_SECRET: z
    .string({ error: 'required: the secret all services of the cluster share, at least 32 random characters' })
    .min(CLUSTER_SECRET_CHARACTERS_MIN, { error: 'too short: at least 32 random characters' })
    .describe('The secret all services of the cluster share, at least 32 characters.')
    .meta({ secret: true }),
  AUTH_ADDRESS: z.string().default('127.0.0.1:50055').describe('gRPC target of the auth service.'),
});

/** What the context service is told. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly clusterSecret: string;
  readonly authAddress: string;
}

/**
 * Turns the environment into the config of the context service.
 *
 * @throws {ConfigError} listing all problems.
 */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = parseEnv(envSchema, env);
  return Object.freeze({
    host: parsed.CONTEXT_GRPC_HOST,
    port: parsed.CONTEXT_GRPC_PORT,
    databaseUrl: parsed.DATABASE_URL,
    clusterSecret: parsed.GANTRY_CLUSTER_SECRET,
    authAddress: parsed.AUTH_ADDRESS,
  });
}
