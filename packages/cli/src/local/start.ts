import { printText } from '../output.ts';
import { exitCodeOf, spawnService } from './child.ts';
import { forwardSignals } from './forward-signals.ts';

/** Runs the cluster in one process until it ends; returns its exit code. Says so when it was stopped in order. */
export async function start(env: NodeJS.ProcessEnv): Promise<number> {
  // The summary is for people; warnings and errors still come as JSON lines on standard error.
  const child = spawnService('all', { LOG_LEVEL: 'warn', ...env });
  using _forwarding = forwardSignals(child);
  const exitCode = await exitCodeOf(child);
  // A machine reads one line of JSON and the exit code.
  if (exitCode === 0 && env['GANTRY_SUMMARY'] !== 'json') printText('Stopped.');
  return exitCode;
}
