import { parseEnv } from '@gantry/runtime';
import { z } from 'zod';

const PORT_MAX = 65_535;
const CLUSTER_SECRET_CHARACTERS_MIN = 32;
/** Beyond this a process is not one that more calls of a tool help. */
const CONCURRENCY_MAX = 10_000;

/** The environment of the tool service. */
export const envSchema = z.object({
  TOOL_GRPC_HOST: z.string().default('127.0.0.1').describe('Address the gRPC server listens on.'),
  TOOL_GRPC_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(PORT_MAX)
    .default(50_053)
    .describe('Port the gRPC server listens on; 0 takes any free one.'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected postgres://user:password@host:port/database' })
    .describe('The Postgres database; holds the catalog of tools.')
    .meta({ secret: true }),
  GANTRY_CLUSTER_SECRET: z
    .string({ error: 'required: the secret all services of the cluster share, at least 32 random characters' })
    .min(CLUSTER_SECRET_CHARACTERS_MIN, { error: 'too short: at least 32 random characters' })
    .describe('The secret all services of the cluster share, at least 32 characters.')
    .meta({ secret: true }),
  AUTH_ADDRESS: z.string().default('127.0.0.1:50055').describe('gRPC target of the auth service.'),
  CONTEXT_ADDRESS: z.string().default('127.0.0.1:50052').describe('gRPC target of the context service.'),
  RESOURCE_ADDRESS: z.string().default('127.0.0.1:50054').describe('gRPC target of the resource service.'),
  TOOL_CONCURRENCY_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(CONCURRENCY_MAX)
    .default(64)
    .describe('Calls of one tool that run at a time, per process; more are refused.'),
});

/** What the tool service is told. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly clusterSecret: string;
  readonly authAddress: string;
  readonly contextAddress: string;
  readonly resourceAddress: string;
  /** Calls of one tool at a time. */
  readonly concurrencyMax: number;
}

/**
 * Turns the environment into the config of the tool service.
 *
 * @throws {ConfigError} listing all problems.
 */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = parseEnv(envSchema, env);
  return Object.freeze({
    host: parsed.TOOL_GRPC_HOST,
    port: parsed.TOOL_GRPC_PORT,
    databaseUrl: parsed.DATABASE_URL,
    clusterSecret: parsed.GANTRY_CLUSTER_SECRET,
    authAddress: parsed.AUTH_ADDRESS,
    contextAddress: parsed.CONTEXT_ADDRESS,
    resourceAddress: parsed.RESOURCE_ADDRESS,
    concurrencyMax: parsed.TOOL_CONCURRENCY_MAX,
  });
}
