import { resolve } from 'node:path';

import { parseConfig as parseAuthConfig } from '@gantry/auth/config';
import { parseConfig as parseContextConfig } from '@gantry/context/config';
import { parseConfig as parseGatewayConfig } from '@gantry/gateway/config';
import { parseConfig as parseResourceConfig } from '@gantry/resource/config';
import { ConfigError, parseEnv, resolveSecretFiles } from '@gantry/runtime';
import { parseConfig as parseToolConfig } from '@gantry/tool/config';
import { z } from 'zod';

/** The environment of the single-process cluster, besides that of each service. */
export const envSchema = z.object({
  GANTRY_DATA_DIR: z
    .string()
    .default('.gantry')
    .describe('Folder of the embedded Postgres, the generated secrets and credentials.json.'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected postgres://user:password@host:port/database' })
    .optional()
    .describe('The Postgres database. Without it an embedded Postgres is started in GANTRY_DATA_DIR.')
    .meta({ secret: true }),
  GANTRY_SUMMARY: z
    .enum(['text', 'json'])
    .default('text')
    .describe('How it is said on standard output that everything answers: text for people, or one line of JSON.'),
});

/** What the single-process cluster is told. */
export interface Config {
  /** Absolute. */
  readonly dataFolder: string;
  readonly databaseUrl: string | undefined;
  readonly summary: 'text' | 'json';
  /** What is set, without what is set to nothing. The services' configs are parsed from it, once the database and the secrets are there. */
  readonly env: NodeJS.ProcessEnv;
}

/** Parse the services' configs in the order in which the services start. */
export const serviceConfigParsers = {
  auth: parseAuthConfig,
  context: parseContextConfig,
  resource: parseResourceConfig,
  tool: parseToolConfig,
  gateway: parseGatewayConfig,
} as const;

/** Stand in for what is only known later, so that all other problems are reported before anything starts. */
const PLACEHOLDERS = {
  DATABASE_URL: 'postgres://placeholder/placeholder',
  GANTRY_CLUSTER_SECRET: 'placeholder-placeholder-placeholder-placeholder',
};

const SECRETS = ['DATABASE_URL', 'REDIS_URL', 'GANTRY_CLUSTER_SECRET', 'AUTH_BOOTSTRAP_API_KEY'];

/**
 * Turns the environment into the config of the single-process cluster.
 *
 * @throws {ConfigError} listing all problems of all services.
 */
export function parseConfig(given: NodeJS.ProcessEnv): Config {
  const problems = new Set<string>();
  const collect = <T>(parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
      return undefined;
    }
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  // Resolved here once: below, the values are replaced by name, and X beside X_FILE would be a contradiction.
  const env = collect(() => resolveSecretFiles(SECRETS, set)) ?? withoutSecretFiles(set);
  const own = collect(() => parseEnv(envSchema, env));
  for (const parse of Object.values(serviceConfigParsers)) collect(() => parse({ ...PLACEHOLDERS, ...env }));
  if (own === undefined || problems.size > 0) throw new ConfigError([...problems]);
  return {
    dataFolder: resolve(own.GANTRY_DATA_DIR),
    databaseUrl: own.DATABASE_URL,
    summary: own.GANTRY_SUMMARY,
    env,
  };
}

function withoutSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = new Set(SECRETS.map((name) => `${name}_FILE`));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
}
