import {
  addressSetting,
  clusterSecretSetting,
  databaseUrlSetting,
  grpcPortSetting,
  hostSetting,
  parseEnv,
} from '@gantry/runtime';
import { z } from 'zod';

/** The environment of the context service. */
export const envSchema = z.object({
  CONTEXT_GRPC_HOST: hostSetting(),
  CONTEXT_GRPC_PORT: grpcPortSetting('context'),
  DATABASE_URL: databaseUrlSetting('holds documents, their index and sessions'),
  GANTRY_CLUSTER_SECRET: clusterSecretSetting(),
  AUTH_ADDRESS: addressSetting('auth'),
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
