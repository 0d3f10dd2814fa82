import { type ProcessHost, exitCode, runProcess, type RunningService } from '@gantry/runtime';
import { createLogger } from '@gantry/telemetry';

import { announce } from './announce.ts';
import { startCluster } from './cluster.ts';
import { type Config, parseConfig } from './config.ts';
import { adminPort, chooseInternalPorts } from './default-ports.ts';
import { explainFailure } from './explain-failure.ts';

const env = { ...process.env, ...(await chooseInternalPorts(process.env, adminPort)) };

await runProcess({
  name: 'gantry',
  env,
  parseConfig,
  start: startOrExplain,
  onReady: (service, host) => announce(service, host, parseConfig(env)),
  // Standard output is for the summary.
  createLogger: (options) => createLogger({ ...options, destination: process.stderr }),
});

/** Expected failures end the process with a sentence; everything else is logged with its stack. */
async function startOrExplain(config: Config, host: ProcessHost): Promise<RunningService> {
  try {
    return await startCluster(config, host);
  } catch (error) {
    const explanation = explainFailure(error);
    if (explanation === undefined) throw error;
    process.stderr.write(`gantry: cannot start: ${explanation}\n`);
    return process.exit(exitCode.failed);
  }
}
