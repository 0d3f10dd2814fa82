import type { GlobalOptions } from '../global-options.ts';
import { checkGateway } from './check-gateway.ts';
import { checkNode } from './check-node.ts';
import { checkPorts } from './check-ports.ts';
import { checkClusterSettings } from './check-settings.ts';
import { checkDatabase, checkRedis } from './check-stores.ts';
import type { Check } from './check.ts';

/** Checks everything that commonly stops a Gantry from working. Never throws: what cannot be checked has failed. */
export async function runChecks(options: GlobalOptions, env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const checks = await Promise.all([
    checkClusterSettings({ ...env, GANTRY_DATA_DIR: options.dataDir }),
    checkDatabase(env),
    checkRedis(env),
    checkGateway(options),
  ]);
  const all = [checkNode(process.versions.node), ...checks.flat()];
  const isRunning = all.some(({ name, state }) => name === 'gateway' && state === 'ok');
  // A port in use is good news while Gantry runs, and the reason why it cannot start while it does not.
  return isRunning ? all : [...all, ...(await checkPorts(env))];
}
