import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a program to its end and returns what it printed on standard output.
 *
 * @throws {Error} with what it printed when it fails.
 */
export async function runProgram(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`${command} ended with ${child.exitCode}: ${stderr || stdout}`);
  return stdout;
}

/** Returns the first line that a program says about its version, or undefined when it is not installed. */
export function versionOf(command: string, flag = '--version'): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return (stdout || stderr).split('\n')[0]?.trim();
}
