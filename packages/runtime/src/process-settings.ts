import { z } from 'zod';

import { parseEnv } from './parse-env.ts';
import { portSetting } from './service-settings.ts';

/** Longer waits than an hour are a mistake in the unit. */
const SHUTDOWN_GRACE_SECONDS_MAX = 3600;
/** A load balancer learns of a change within seconds; five minutes is already generous. */
const SHUTDOWN_DELAY_SECONDS_MAX = 300;
const MS_PER_SECOND = 1000;

/** Holds the variables that every Gantry process understands. Spread it into a service's own schema. */
export const commonEnv = {
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level that is logged: fatal, error, warn, info, debug, trace or silent.'),
  ADMIN_HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address of the admin HTTP server (/livez, /readyz, /metrics). It has no authentication: never publish it.',
    ),
  ADMIN_PORT: portSetting(9464, 'Port of the admin HTTP server; 0 takes any free one.'),
  SHUTDOWN_GRACE_SECONDS: z.coerce
    .number()
    .positive()
    .max(SHUTDOWN_GRACE_SECONDS_MAX)
    .default(10)
    .describe('Time that requests in flight get to finish after SIGTERM; beyond it the process exits with 1.'),
  SHUTDOWN_DELAY_SECONDS: z.coerce
    .number()
    .min(0)
    .max(SHUTDOWN_DELAY_SECONDS_MAX)
    .default(0)
    .describe('Wait between turning unready and draining, so that load balancers stop sending first.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'expected an http or https URL such as http://localhost:4318' })
    .optional()
    .describe('OTLP/HTTP collector that receives traces. Without it nothing is exported.'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of new traces that is recorded, from 0 to 1.'),
} as const;

/** Holds what `commonEnv` says, in the words of the code: durations in milliseconds. */
export interface ProcessSettings {
  readonly logLevel: z.output<(typeof commonEnv)['LOG_LEVEL']>;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly shutdownGraceMs: number;
  readonly shutdownDelayMs: number;
  readonly otlpEndpoint: string | undefined;
  readonly traceSampleRatio: number;
}

/**
 * Parses the variables of `commonEnv`.
 *
 * @throws {ConfigError} listing all problems at once.
 */
export function parseProcessSettings(env: NodeJS.ProcessEnv): ProcessSettings {
  const parsed = parseEnv(commonEnv, env);
  return Object.freeze({
    logLevel: parsed.LOG_LEVEL,
    adminHost: parsed.ADMIN_HOST,
    adminPort: parsed.ADMIN_PORT,
    shutdownGraceMs: parsed.SHUTDOWN_GRACE_SECONDS * MS_PER_SECOND,
    shutdownDelayMs: parsed.SHUTDOWN_DELAY_SECONDS * MS_PER_SECOND,
    otlpEndpoint: parsed.OTEL_EXPORTER_OTLP_ENDPOINT,
    traceSampleRatio: parsed.OTEL_TRACES_SAMPLER_ARG,
  });
}
