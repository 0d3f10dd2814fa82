import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { NODE_FLAGS } from '@gantry/runtime/node-flags';

/** The services that can be started, by the folder they are in. */
export type ServiceName = 'all' | 'auth' | 'context' | 'resource' | 'tool' | 'gateway';

/** Starts a service as a child process that ends when this process ends, however that ends. */
export function spawnService(
  name: ServiceName,
  env: NodeJS.ProcessEnv,
  { detached = false }: { readonly detached?: boolean } = {},
): ChildProcess {
  const main = fileURLToPath(new URL(`../../../../services/${name}/src/main.ts`, import.meta.url));
  // Its runtime stops it when the IPC channel closes, which happens even when this process is killed.
  return spawn(process.execPath, [...NODE_FLAGS, main], {
    env,
    detached,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Tells whether a child has ended. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits until a child has ended and returns its exit code; a child that a signal ended counts as failed. */
export async function exitCodeOf(child: ChildProcess): Promise<number> {
  if (!hasEnded(child)) await once(child, 'exit');
  return child.exitCode ?? 1;
}

/** Sends a signal to a child that is still there. */
export function signalChild(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!hasEnded(child)) child.kill(signal);
}
