import { readFileSync, statSync } from 'node:fs';

import { ConfigError } from './config-error.ts';

/** A secret is a key, a password or a connection string. 64 KiB also fits a certificate chain and stops a mistaken path. */
const SECRET_FILE_BYTES_MAX = 64 * 1024;

const SUFFIX = '_FILE';

/**
 * Returns a copy of the environment in which each named variable `X` holds the content of the file that `X_FILE` names.
 *
 * This is how container platforms hand over secrets without showing them in a process list. One trailing line break is
 * removed, and `X_FILE` is left out of the copy. A name whose own `X_FILE` is in `names` is left alone, since that variable
 * is a setting by itself.
 *
 * @throws {ConfigError} when both `X` and `X_FILE` are set, or a file is missing, unreadable, not a file or over 64 KiB.
 */
export function resolveSecretFiles(names: readonly string[], env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const resolved: NodeJS.ProcessEnv = { ...env };
  const problems: string[] = [];
  for (const name of names) {
    const path = env[name + SUFFIX];
    if (!path || names.includes(name + SUFFIX)) continue;
    if (env[name]) {
      problems.push(`✖ both ${name} and ${name}${SUFFIX} are set: keep one\n  → at ${name}`);
      continue;
    }
    const content = readSecret(path);
    delete resolved[name + SUFFIX];
    if (content.kind === 'secret') resolved[name] = content.text;
    else problems.push(`✖ cannot use the file ${path}: ${content.problem}\n  → at ${name}${SUFFIX}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return resolved;
}

type Secret =
  | { readonly kind: 'secret'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: string };

function readSecret(path: string): Secret {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return { kind: 'problem', problem: 'it is not a regular file' };
    if (stats.size > SECRET_FILE_BYTES_MAX)
      return { kind: 'problem', problem: `it is larger than ${SECRET_FILE_BYTES_MAX} bytes` };
    return { kind: 'secret', text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    return { kind: 'problem', problem: error instanceof Error ? error.message : String(error) };
  }
}
