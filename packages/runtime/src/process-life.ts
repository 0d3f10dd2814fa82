import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger, Registry } from '@gantry/telemetry';

import { startAdminServer } from './admin-server.ts';
import { exitOnCrash, ignoreLostReaders } from './crash.ts';
import { createPlatform, type CreatePlatformOptions, type Platform } from './create-platform.ts';
import { exitCode } from './exit-code.ts';
import type { ProcessSettings } from './process-settings.ts';
import { createReadiness, type ReadinessMonitor, scopeReadiness } from './readiness.ts';
import type { ProcessHost, RunningService } from './service-platform.ts';
import { onShutdownSignal, type ShutdownCause } from './shutdown-signal.ts';

/**
 * Closing pools and sending the last traces (which takes five seconds at most by itself) must end some time. Together with
 * the default grace it stays below the 30 seconds Kubernetes waits before it kills.
 */
const DISPOSE_MS_MAX = 8000;

/** Says what lives, and with which settings. */
export interface LiveOptions<Service extends RunningService> {
  readonly name: string;
  readonly settings: ProcessSettings;
  readonly start: (host: ProcessHost) => Promise<Service>;
  readonly explainFailure: (error: unknown) => string | undefined;
  readonly onReady?: (service: Service, host: ProcessHost) => Promise<void> | void;
  readonly createLogger?: NonNullable<CreatePlatformOptions['createLogger']>;
}

/** Starts everything, waits for a signal, stops everything, and returns the exit code. */
export async function liveUntilStopped<Service extends RunningService>(options: LiveOptions<Service>): Promise<number> {
  const { name, settings } = options;
  const readiness = createReadiness();
  const own = await createPlatform({ ...options, name, readiness, processMetrics: true });
  const { logger } = own;
  exitOnCrash(logger);
  ignoreLostReaders();
  const stopped = Promise.withResolvers<ShutdownCause>();
  const stopping = new AbortController();
  onShutdownSignal({
    onFirst: (cause) => {
      stopping.abort();
      stopped.resolve(cause);
    },
    onSecond: (cause) => {
      logger.error({ cause }, 'told twice to stop; exiting at once');
      process.exit(exitCode.failed);
    },
  });

  const stack = new AsyncDisposableStack();
  stack.use(own);
  const starting = start({ options, own, readiness, stack, stopping: stopping.signal });
  try {
    await Promise.race([starting, stopped.promise]);
  } catch (error) {
    reportFailure(error, options, logger);
    await dispose(stack, logger);
    return exitCode.failed;
  }
  const cause = await stopped.promise;
  logger.info({ cause, graceMs: settings.shutdownGraceMs }, 'stopping');
  readiness.markDraining();
  if (settings.shutdownDelayMs > 0) await sleep(settings.shutdownDelayMs);
  const isDrained = await drain(starting, settings.shutdownGraceMs, logger);
  // Disposes even when draining failed: a store that is closed in order needs no recovery at the next start.
  const isDisposed = await dispose(stack, logger);
  const code = isDrained && isDisposed ? exitCode.ok : exitCode.failed;
  logger.info({ exitCode: code }, 'stopped');
  return code;
}

/** Says in a sentence what is the environment's fault; everything else is logged with its stack. */
function reportFailure(
  error: unknown,
  { name, explainFailure }: Pick<LiveOptions<RunningService>, 'name' | 'explainFailure'>,
  logger: Logger,
): void {
  const explanation = explainFailure(error);
  if (explanation === undefined) logger.fatal({ err: error }, 'could not start');
  else process.stderr.write(`${name}: cannot start: ${explanation}\n`);
}

interface StartOptions<Service extends RunningService> {
  readonly options: LiveOptions<Service>;
  readonly own: Platform;
  readonly readiness: ReadinessMonitor;
  readonly stack: AsyncDisposableStack;
  readonly stopping: AbortSignal;
}

async function start<Service extends RunningService>({
  options,
  own,
  readiness,
  stack,
  stopping,
}: StartOptions<Service>): Promise<Service> {
  const { settings } = options;
  const registries: Registry[] = [own.metrics];
  const admin = stack.use(
    await startAdminServer({
      host: settings.adminHost,
      port: settings.adminPort,
      readiness,
      registries,
      logger: own.logger,
    }),
  );
  const host: ProcessHost = {
    adminUrl: admin.url,
    async platform(name) {
      if (name === own.name) return own;
      const platform = stack.use(
        await createPlatform({ ...options, name, readiness: scopeReadiness(readiness, name) }),
      );
      registries.push(platform.metrics);
      return platform;
    },
  };
  const service = stack.use(await options.start(host));
  // Told to stop meanwhile: nobody must be told that it is ready.
  if (stopping.aborted) return service;
  readiness.markStarted();
  await options.onReady?.(service, host);
  own.logger.info({ endpoints: service.endpoints, adminUrl: admin.url }, 'ready');
  return service;
}

/** Returns whether everything in flight was done in time. */
async function drain(starting: Promise<RunningService>, graceMs: number, logger: Logger): Promise<boolean> {
  try {
    const draining = starting.then((service) => service.drain());
    if (await settlesWithin(draining, graceMs)) return true;
    logger.error({ graceMs }, 'work in flight did not finish within the grace period');
  } catch (error) {
    logger.error({ err: error }, 'draining failed');
  }
  return false;
}

/** Returns whether everything was closed, in time and without an error. */
async function dispose(stack: AsyncDisposableStack, logger: Logger): Promise<boolean> {
  try {
    if (await settlesWithin(stack.disposeAsync(), DISPOSE_MS_MAX)) return true;
    logger.error({ boundMs: DISPOSE_MS_MAX }, 'closing took too long');
  } catch (error) {
    logger.error({ err: error }, 'closing failed');
  }
  return false;
}

/** Returns whether the work ended in time; a rejection in time rises, a later one was already decided about. */
async function settlesWithin(work: Promise<unknown>, boundMs: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([work.then(() => true), sleep(boundMs, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
