import { createReadiness } from '@gantry/runtime';
import type { ReadinessMonitor, ServicePlatform } from '@gantry/runtime';
import { createLogger, createMetricsRegistry, createTracing } from '@gantry/telemetry';
import type { Logger } from '@gantry/telemetry';

/** A platform whose readiness a test can read. */
export interface TestPlatform extends ServicePlatform {
  readonly readiness: ReadinessMonitor;
}

// Without an endpoint it records nothing and holds nothing, so all tests of a process can share it.
const tracing = await createTracing({ service: 'test' });

/** Creates a logger that writes nothing. */
export function silentLogger(): Logger {
  return createLogger({ service: 'test', level: 'silent' });
}

/** Creates what a process would give to a service: a silent logger, an empty registry, tracing that exports nothing. */
export function testPlatform(name: string): TestPlatform {
  return {
    name,
    logger: silentLogger(),
    metrics: createMetricsRegistry({ service: name }),
    tracing,
    readiness: createReadiness(),
  };
}
