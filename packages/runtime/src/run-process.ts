import { z } from 'zod';

import { ConfigError } from './config-error.ts';
import type { CreatePlatformOptions } from './create-platform.ts';
import { exitCode } from './exit-code.ts';
import { liveUntilStopped } from './process-life.ts';
import { parseProcessSettings, type ProcessSettings } from './process-settings.ts';
import type { ProcessHost, RunningService } from './service-platform.ts';

/** Says what a process runs. */
export interface RunProcessOptions<Config> {
  readonly name: string;
  /** Turns the environment into the config; pure. Throws a ConfigError that lists all problems. */
  readonly parseConfig: (env: NodeJS.ProcessEnv) => Config;
  /** Starts what the process is for; `startServices` makes one of several. On failure it leaves nothing open. */
  readonly start: (config: Config, host: ProcessHost) => Promise<RunningService>;
  /** Called once everything answers, before the process waits for a signal. A rejection stops the process. */
  readonly onReady?: (service: RunningService, host: ProcessHost) => Promise<void> | void;
  /** Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the arguments of the process. The only one known is `--check-config`. */
  readonly args?: readonly string[];
  /** Makes the loggers. Default: JSON lines on standard output. */
  readonly createLogger?: NonNullable<CreatePlatformOptions['createLogger']>;
}

/**
 * Lives the life of a process and ends it.
 *
 * 1. Parses the environment. With problems it lists them all on standard error and exits with 78. With `--check-config` it
 *    stops here with 0.
 * 2. Starts the admin server, then `start`. When that fails it logs why and exits with 1.
 * 3. At SIGTERM, SIGINT or SIGHUP, or when the parent that holds its IPC channel is gone: turns unready, waits
 *    SHUTDOWN_DELAY_SECONDS, drains within SHUTDOWN_GRACE_SECONDS, disposes, exits with 0. Exits with 1 when the grace was
 *    too short, and at once at a second signal.
 * 4. At an exception or rejection nobody handles: logs it and exits with 70.
 */
export async function runProcess<Config>(options: RunProcessOptions<Config>): Promise<never> {
  process.exit(await run(options));
}

async function run<Config>(options: RunProcessOptions<Config>): Promise<number> {
  const { args = process.argv.slice(2) } = options;
  const unknown = args.find((arg) => arg !== '--check-config');
  if (unknown !== undefined) {
    process.stderr.write(`${options.name}: unknown argument ${unknown}; the only one is --check-config\n`);
    return exitCode.usage;
  }
  // The one place besides main.ts that reads it, so that main.ts stays three lines.
  // oxlint-disable-next-line node/no-process-env
  const parsed = parseAll(options, options.env ?? process.env);
  if (parsed.kind === 'problems') {
    process.stderr.write(`${options.name}: the configuration is wrong\n${parsed.problems.join('\n')}\n`);
    return exitCode.config;
  }
  if (args.includes('--check-config')) {
    process.stdout.write(`${options.name}: the configuration is good\n`);
    return exitCode.ok;
  }
  const { start, ...rest } = options;
  return liveUntilStopped({ ...rest, settings: parsed.settings, start: (host) => start(parsed.config, host) });
}

type Parsed<Config> =
  | { readonly kind: 'parsed'; readonly config: Config; readonly settings: ProcessSettings }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Parses twice, since a service's schema need not contain the variables of the process, and lists what both found. */
function parseAll<Config>({ parseConfig }: RunProcessOptions<Config>, env: NodeJS.ProcessEnv): Parsed<Config> {
  const settings = attempt(() => parseProcessSettings(env));
  const config = attempt(() => parseConfig(env));
  if (settings.kind === 'parsed' && config.kind === 'parsed') {
    return { kind: 'parsed', config: config.value, settings: settings.value };
  }
  const problems = [config, settings].flatMap((result) => (result.kind === 'problems' ? result.problems : []));
  return { kind: 'problems', problems: [...new Set(problems)] };
}

type Attempt<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

function attempt<T>(parse: () => T): Attempt<T> {
  try {
    return { kind: 'parsed', value: parse() };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'problems', problems: error.problems };
    if (error instanceof z.ZodError) return { kind: 'problems', problems: ConfigError.fromZod(error).problems };
    throw error;
  }
}
