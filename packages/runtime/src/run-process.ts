import { z } from 'zod';

import { ConfigError } from './config-error.ts';
import type { CreatePlatformOptions } from './create-platform.ts';
import { exitCode } from './exit-code.ts';
import { liveUntilStopped } from './process-life.ts';
import { parseProcessSettings, type ProcessSettings } from './process-settings.ts';
import type { ProcessHost, RunningService } from './service-platform.ts';

/** Says what a process runs. */
export interface RunProcessOptions<Config, Service extends RunningService = RunningService> {
  readonly name: string;
  /** Turns the environment into the config; pure. Throws a ConfigError that lists all problems. */
  readonly parseConfig: (env: NodeJS.ProcessEnv) => Config;
  /** Starts what the process is for; `startServices` makes one of several. On failure it leaves nothing open. */
  readonly start: (config: Config, host: ProcessHost) => Promise<Service>;
  /** Called once everything answers, before the process waits for a signal. A rejection stops the process. */
  readonly onReady?: (service: Service, host: ProcessHost) => Promise<void> | void;
  /**
   * Returns a sentence for a failed start that is the environment's fault; it goes to standard error. Undefined for all
   * others, which are logged with their stack, as all are without this.
   */
  readonly explainFailure?: (error: unknown, config: Config) => string | undefined;
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
 * 2. Starts the admin server, then `start`. When that fails it says or logs why and exits with 1.
 * 3. At SIGTERM, SIGINT or SIGHUP, or when the parent that holds its IPC channel is gone: turns unready, waits
 *    SHUTDOWN_DELAY_SECONDS, drains within SHUTDOWN_GRACE_SECONDS, disposes, exits with 0. Exits with 1 when the grace was
 *    too short, and at once at a second signal.
 * 4. At an exception or rejection nobody handles: logs it and exits with 70.
 */
export async function runProcess<Config, Service extends RunningService>(
  options: RunProcessOptions<Config, Service>,
): Promise<never> {
  process.exit(await run(options));
}

async function run<Config, Service extends RunningService>(
  options: RunProcessOptions<Config, Service>,
): Promise<number> {
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
  const { start, explainFailure, ...rest } = options;
  return liveUntilStopped({
    ...rest,
    settings: parsed.settings,
    start: (host) => start(parsed.config, host),
    explainFailure: (error) => explainFailure?.(error, parsed.config),
  });
}

type Parsed<Config> =
  | { readonly kind: 'parsed'; readonly config: Config; readonly settings: ProcessSettings }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Parses twice, since a service's schema need not contain the variables of the process, and lists what both found. */
function parseAll<Config>(
  { parseConfig }: Pick<RunProcessOptions<Config>, 'parseConfig'>,
  env: NodeJS.ProcessEnv,
): Parsed<Config> {
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
