import type { Command } from 'commander';

import type { CommandContext } from '../command-context.ts';
import { globalOptions } from '../global-options.ts';
import { runCluster } from '../local/cluster.ts';
import { start } from '../local/start.ts';
import { parseReplicas } from '../local/topology.ts';

/** Adds `start` and `cluster`. */
export function registerRunCommands(program: Command, { env, setExitCode }: CommandContext): void {
  program
    .command('start')
    .description('run the whole cluster in one process, on an embedded Postgres unless DATABASE_URL is set')
    .action(async (_options, command: Command) => {
      const { json, dataDir } = globalOptions(command);
      const summary = json ? { GANTRY_SUMMARY: 'json' } : {};
      setExitCode(await start({ ...env, ...summary, GANTRY_DATA_DIR: dataDir }));
    });

  program
    .command('cluster')
    .description('run a process per service, against DATABASE_URL and REDIS_URL')
    .option('--replicas <service=n...>', 'how many of a service, e.g. gateway=2', [])
    .action(async ({ replicas }: { replicas: string[] }, command: Command) => {
      const { json, dataDir } = globalOptions(command);
      setExitCode(await runCluster({ replicas: parseReplicas(replicas), env, dataFolder: dataDir, isJson: json }));
    });
}
