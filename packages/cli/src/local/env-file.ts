import { CliError } from '../cli-error.ts';

const FILE = '.env';

/**
 * Adds the settings of `.env` in the current folder to the environment of this process, which wins. No such file is no
 * failure.
 *
 * @throws {CliError} when there is one that cannot be read.
 */
export function loadEnvFile(): void {
  try {
    process.loadEnvFile(FILE);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
    throw new CliError(`${FILE} cannot be read`, { hint: 'make it a file this user may read, or remove it', cause });
  }
}
