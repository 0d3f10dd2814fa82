import { readFile } from 'node:fs/promises';

import { CliError } from './cli-error.ts';

/** Tells whether a variable is set, by itself or as the `_FILE` that holds it. */
export function isSet(name: string, env: NodeJS.ProcessEnv): boolean {
  return Boolean(env[name]) || Boolean(env[`${name}_FILE`]);
}

/**
 * Returns the value of a variable, or of the file that its `_FILE` names, as the services read it.
 *
 * @throws {CliError} when the file cannot be read.
 */
export async function settingOf(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const path = env[`${name}_FILE`];
  if (env[name] || !path) return env[name] || undefined;
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new CliError(`${path} cannot be read`, { hint: `mend ${name}_FILE`, cause });
  }
}
