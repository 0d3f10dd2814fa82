import { isAbsolute, resolve } from 'node:path';

import { parseRedisUrl } from '@gantry/redis';
import {
  addressSetting,
  clusterSecretSetting,
  databaseUrlSetting,
  grpcPortSetting,
  hostSetting,
  parseEnv,
} from '@gantry/runtime';
import { z } from 'zod';

/** Roots are walked to be listed, and each is resolved for every read. */
const ROOTS_MAX = 64;
const ALLOWED_HOSTS_MAX = 64;
/** A week: longer than that a copy of the web is an archive. */
const CACHE_TTL_SECONDS_MAX = 604_800;
const READS_PER_MINUTE_MAX = 1_000_000;
const MS_PER_SECOND = 1_000;

/** The environment of the resource service. */
export const envSchema = z.object({
  RESOURCE_GRPC_HOST: hostSetting(),
  RESOURCE_GRPC_PORT: grpcPortSetting('resource'),
  DATABASE_URL: databaseUrlSetting('holds the third level of the cache'),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, { error: 'expected a URL such as redis://localhost:6379' })
    .optional()
    .describe(
      'Redis: the second level of the cache, and rate limits across replicas. Without it each replica has its own.',
    )
    .meta({ secret: true }),
  GANTRY_CLUSTER_SECRET: clusterSecretSetting(),
  AUTH_ADDRESS: addressSetting('auth'),
  RESOURCE_FILE_ROOTS: z
    .string()
    .default('')
    .transform(listOf)
    .pipe(
      z
        .array(z.string().refine(isAbsolute, { error: 'every folder must be an absolute path' }))
        .max(ROOTS_MAX)
        .transform((folders) => folders.map((folder) => resolve(folder))),
    )
    .describe('Folders that file: URIs may read, absolute, separated by commas. Empty: none.'),
  RESOURCE_HTTP_ALLOW_HOSTS: z
    .string()
    .default('')
    .transform(listOf)
    .pipe(
      z
        .array(z.string().regex(/^[^\s/@]+:\d{1,5}$/, { error: 'every entry must be host:port' }))
        .max(ALLOWED_HOSTS_MAX),
    )
    .describe('For tests only: host:port pairs that may be read although they are not public, separated by commas.'),
  RESOURCE_CACHE_TTL_SECONDS: z.coerce
    .number()
    .positive()
    .max(CACHE_TTL_SECONDS_MAX)
    .default(3_600)
    .describe('How long a copy of an http(s) resource is served. Files are always read anew.'),
  RESOURCE_READS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(0)
    .max(READS_PER_MINUTE_MAX)
    .default(600)
    .describe('Reads that reach a source, per tenant and connector; 0 means unlimited.'),
});

/** What the resource service is told. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly clusterSecret: string;
  readonly authAddress: string;
  /** Absolute and resolved, without a slash at the end. */
  readonly fileRoots: readonly string[];
  readonly httpAllowHosts: readonly string[];
  readonly cacheTtlMs: number;
  /** 0 means unlimited. */
  readonly readsPerMinute: number;
  readonly filePollMs: number;
  readonly httpPollMs: number;
  readonly httpTimeouts: { readonly connectMs: number; readonly headersMs: number; readonly totalMs: number };
}

/** File systems do not reliably say what changed, so files are looked at: a second is as fast as a person notices. */
const FILE_POLL_MS = 1_000;
/** A source on the web is somebody else's server: twice a minute is polite. */
const HTTP_POLL_MS = 30_000;
/** Within the default deadline of a hop (10 s), and short enough that a source that hangs frees its connection soon. */
const HTTP_TIMEOUTS = { connectMs: 3_000, headersMs: 5_000, totalMs: 10_000 };

/**
 * Turns the environment into the config of the resource service.
 *
 * @throws {ConfigError} listing all problems.
 */
export function parseConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = parseEnv(envSchema, env);
  return Object.freeze({
    host: parsed.RESOURCE_GRPC_HOST,
    port: parsed.RESOURCE_GRPC_PORT,
    databaseUrl: parsed.DATABASE_URL,
    redisUrl: parsed.REDIS_URL,
    clusterSecret: parsed.GANTRY_CLUSTER_SECRET,
    authAddress: parsed.AUTH_ADDRESS,
    fileRoots: parsed.RESOURCE_FILE_ROOTS,
    httpAllowHosts: parsed.RESOURCE_HTTP_ALLOW_HOSTS,
    cacheTtlMs: parsed.RESOURCE_CACHE_TTL_SECONDS * MS_PER_SECOND,
    readsPerMinute: parsed.RESOURCE_READS_PER_MINUTE,
    filePollMs: FILE_POLL_MS,
    httpPollMs: HTTP_POLL_MS,
    httpTimeouts: HTTP_TIMEOUTS,
  });
}

function isRedisUrl(text: string): boolean {
  try {
    parseRedisUrl(text);
    return true;
  } catch {
    return false;
  }
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
