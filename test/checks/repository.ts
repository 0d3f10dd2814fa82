import { execFileSync } from 'node:child_process';
import { delimiter, dirname, join, resolve } from 'node:path';

/** Is the root folder of this repository. */
export const root = resolve(import.meta.dirname, '../..');

/** Is the environment for the tools of this repository: they come before any others of the machine. */
export function toolEnv(): NodeJS.ProcessEnv {
  const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
  return { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
}

/**
 * Runs a tool and returns what it wrote to standard output.
 *
 * @throws {Error} with what it wrote to standard error, when it exits with anything but 0.
 */
export function runTool(command: string, args: readonly string[], input?: string): string {
  return execFileSync(command, args, {
    cwd: root,
    env: toolEnv(),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input !== undefined && { input }),
  });
}
