import { runProcess } from './run-process.ts';
import type { CreateService } from './service-platform.ts';

/** Says which service a process is. */
export interface RunServiceOptions<Config> {
  /** Names the service: `tool`. */
  readonly name: string;
  /** Turns the environment into the service's config; pure. Throws a ConfigError that lists all problems. */
  readonly parseConfig: (env: NodeJS.ProcessEnv) => Config;
  readonly create: CreateService<Config>;
}

/**
 * Runs one service as this process, from its environment to its exit code. The whole of a `main.ts`.
 *
 * `runProcess` describes the life of the process. Never returns: it ends the process.
 *
 * @example
 * await runService({ name: 'tool', parseConfig, create: createToolService });
 */
export async function runService<Config>({ name, parseConfig, create }: RunServiceOptions<Config>): Promise<never> {
  return runProcess({ name, parseConfig, start: async (config, host) => create(config, await host.platform(name)) });
}
