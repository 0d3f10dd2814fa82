import { z } from 'zod';

import { ConfigError } from './config-error.ts';
import { resolveSecretFiles } from './secret-files.ts';

/**
 * Parses the variables a schema names out of an environment and returns them as a frozen object.
 *
 * An empty variable counts as unset, because compose files and shells cannot express the difference. Every variable `X`
 * may come as `X_FILE` instead, naming a file that holds its value. Variables the schema does not name are ignored.
 *
 * @example
 * const envSchema = z.object({ ...commonEnv, DATABASE_URL: z.url().describe('Where the database is.') });
 * const env = parseEnv(envSchema, { DATABASE_URL: 'postgres://localhost/gantry' });
 *
 * @throws {ConfigError} listing all problems at once.
 */
export function parseEnv<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape> | Shape,
  env: NodeJS.ProcessEnv,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const object = schema instanceof z.ZodObject ? schema : z.object(schema);
  const parsed = object.safeParse(withoutEmpty(resolveSecretFiles(Object.keys(object.shape), env)));
  if (!parsed.success) throw ConfigError.fromZod(parsed.error);
  return Object.freeze(parsed.data);
}

function withoutEmpty(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}
