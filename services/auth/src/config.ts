import { apiKeyIdOf } from '@gantry/identity';
import { parseRedisUrl } from '@gantry/redis';
import { clusterSecretSetting, databaseUrlSetting, grpcPortSetting, hostSetting, parseEnv } from '@gantry/runtime';
import { z } from 'zod';

import { REQUESTS_PER_MINUTE_MAX } from './domain/api-key.ts';

const MS_PER_SECOND = 1_000;
/** Verifiers need a moment to learn a new key, and a key is cheap; a day is long for one that cannot be revoked at once. */
const ROTATION_SECONDS_MIN = 60;
const ROTATION_SECONDS_MAX = 86_400;

/** The environment of auth. */
export const envSchema = z.object({
  AUTH_GRPC_HOST: hostSetting(),
  AUTH_GRPC_PORT: grpcPortSetting('auth'),
  DATABASE_URL: databaseUrlSetting('auth keeps its tables in the schema auth'),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, 'expected a URL such as redis://localhost:6379')
    .optional()
    .describe('Redis, which makes policy changes reach other replicas a little faster. Without it they poll.')
    .meta({ secret: true }),
  GANTRY_CLUSTER_SECRET: clusterSecretSetting(),
  AUTH_BOOTSTRAP_API_KEY: z
    .string()
    .refine((text) => apiKeyIdOf(text) !== undefined, 'expected gk_<16 hex digits>_<43 base64url characters>')
    .optional()
    .describe(
      'An API key that is created at start when its id is new: user admin of tenant default, without a rate limit.',
    )
    .meta({ secret: true }),
  AUTH_DEFAULT_REQUESTS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .max(REQUESTS_PER_MINUTE_MAX)
    .default(60)
    .describe('Requests per minute of API keys that are created without a rate.'),
  AUTH_SIGNING_KEY_ROTATION_SECONDS: z.coerce
    .number()
    .int()
    .min(ROTATION_SECONDS_MIN)
    .max(ROTATION_SECONDS_MAX)
    .default(3_600)
    .describe('How long a replica signs assertions with one key before it makes another.'),
});

/** The settings of auth. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly clusterSecret: Uint8Array;
  readonly bootstrapApiKey: string | undefined;
  readonly defaultRequestsPerMinute: number;
  readonly signingKeyRotationMs: number;
}

/**
 * Parses the environment of auth.
 *
 * @throws {ConfigError} listing all problems at once.
 */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = parseEnv(envSchema, env);
  return Object.freeze({
    host: parsed.AUTH_GRPC_HOST,
    port: parsed.AUTH_GRPC_PORT,
    databaseUrl: parsed.DATABASE_URL,
    redisUrl: parsed.REDIS_URL,
    clusterSecret: new TextEncoder().encode(parsed.GANTRY_CLUSTER_SECRET),
    bootstrapApiKey: parsed.AUTH_BOOTSTRAP_API_KEY,
    defaultRequestsPerMinute: parsed.AUTH_DEFAULT_REQUESTS_PER_MINUTE,
    signingKeyRotationMs: parsed.AUTH_SIGNING_KEY_ROTATION_SECONDS * MS_PER_SECOND,
  });
}

function isRedisUrl(url: string): boolean {
  try {
    parseRedisUrl(url);
    return true;
  } catch {
    return false;
  }
}
