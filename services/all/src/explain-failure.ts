import { DataFolderError } from '@gantry/data-folder';
import { EmbeddedPostgresError } from '@gantry/embedded-postgres';
import { isAppError } from '@gantry/errors';

import type { Config } from './config.ts';
import { explainDatabaseFailure } from './explain-database-failure.ts';
import { adminListenerOf, explainListenFailure, listenersOf } from './listeners.ts';

/** What the operating system says of a place where the data cannot be. */
const PLACE_PROBLEMS: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

/**
 * Returns a sentence that says why the cluster cannot start and what to do, for failures that are the environment's;
 * undefined for all others, which are bugs and need their stack.
 */
export function explainFailure(
  error: unknown,
  { databaseUrl, env }: Pick<Config, 'databaseUrl' | 'env'>,
): string | undefined {
  if (error instanceof DataFolderError || error instanceof EmbeddedPostgresError) return error.message;
  const ofDatabase = databaseUrl === undefined ? undefined : explainDatabaseFailure(error, databaseUrl);
  if (ofDatabase !== undefined) return ofDatabase;
  if (isAppError(error)) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if ('syscall' in error && error.syscall === 'listen' && 'port' in error) {
    return explainListenFailure(listenerOf(Number(error.port), env), error);
  }
  if (!('path' in error) || !PLACE_PROBLEMS.has(String(error.code))) return undefined;
  return `${String(error.path)} cannot be used (${String(error.code)}); set GANTRY_DATA_DIR to a folder you may write`;
}

/** The admin server is the one that listens without having been tried. */
function listenerOf(port: number, env: NodeJS.ProcessEnv) {
  return listenersOf(env).find((listener) => listener.port === port) ?? { ...adminListenerOf(env), port };
}
