import { createLogger, createMetricsRegistry, createTracing, type Logger } from '@gantry/telemetry';

import type { ProcessSettings } from './process-settings.ts';
import type { Readiness } from './readiness.ts';
import type { ServicePlatform } from './service-platform.ts';

/** Says for whom a platform is built. */
export interface CreatePlatformOptions {
  /** Names the service; labels its logs, metrics and traces. */
  readonly name: string;
  readonly settings: Pick<ProcessSettings, 'logLevel' | 'otlpEndpoint' | 'traceSampleRatio'>;
  /** Receives the checks of the service. */
  readonly readiness: Readiness;
  /** Adds CPU, memory and event loop metrics. Default `false`; ask for it once per process. */
  readonly processMetrics?: boolean;
  /** Makes the logger. Default: JSON lines on standard output. */
  readonly createLogger?: (options: {
    readonly service: string;
    readonly level: ProcessSettings['logLevel'];
  }) => Logger;
}

/** Is a service's platform together with the duty to close it after the service. */
export interface Platform extends ServicePlatform, AsyncDisposable {}

/** Builds logger, metrics registry and tracing of one service. Disposing sends the traces that are still queued. */
export async function createPlatform(options: CreatePlatformOptions): Promise<Platform> {
  const { name, settings, readiness, processMetrics = false } = options;
  const logger = (options.createLogger ?? createLogger)({ service: name, level: settings.logLevel });
  const tracing = await createTracing({
    service: name,
    sampleRatio: settings.traceSampleRatio,
    logger,
    ...(settings.otlpEndpoint !== undefined && { otlpEndpoint: settings.otlpEndpoint }),
  });
  return {
    name,
    logger,
    metrics: createMetricsRegistry({ service: name, processMetrics }),
    tracing,
    readiness,
    [Symbol.asyncDispose]: () => tracing.shutdown(),
  };
}
