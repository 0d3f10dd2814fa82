import { runProcess } from '@gantry/runtime';
import { createLogger } from '@gantry/telemetry';

import { announce } from './announce.ts';
import { PROCESS_NAME, startCluster } from './cluster.ts';
import { parseConfig } from './config.ts';
import { adminPort, chooseInternalPorts } from './default-ports.ts';
import { explainFailure } from './explain-failure.ts';

const env = { ...process.env, ...(await chooseInternalPorts(process.env, adminPort)) };

await runProcess({
  name: PROCESS_NAME,
  env,
  parseConfig,
  start: startCluster,
  // Expected failures end the process with a sentence; everything else is logged with its stack.
  explainFailure,
  onReady: (cluster, host) => announce(cluster, host, parseConfig(env)),
  // Standard output is for the summary.
  createLogger: (options) => createLogger({ ...options, destination: process.stderr }),
});
