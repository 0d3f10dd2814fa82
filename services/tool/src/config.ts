import {
  addressSetting,
  clusterSecretSetting,
  databaseUrlSetting,
  grpcPortSetting,
  hostSetting,
  parseEnv,
} from '@gantry/runtime';
import { z } from 'zod';

/** Beyond this a process is not one that more calls of a tool help. */
const CONCURRENCY_MAX = 10_000;

/** The environment of the tool service. */
export const envSchema = z.object({
  TOOL_GRPC_HOST: hostSetting(),
  TOOL_GRPC_PORT: grpcPortSetting('tool'),
  DATABASE_URL: databaseUrlSetting('holds the catalog of tools'),
  GANTRY_CLUSTER_SECRET: clusterSecretSetting(),
  AUTH_ADDRESS: addressSetting('auth'),
  CONTEXT_ADDRESS: addressSetting('context'),
  RESOURCE_ADDRESS: addressSetting('resource'),
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
