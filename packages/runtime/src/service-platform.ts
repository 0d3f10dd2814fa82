import type { Logger, Registry, Tracing } from '@gantry/telemetry';

import type { Readiness } from './readiness.ts';

/** Holds what the process gives to one service. */
export interface ServicePlatform {
  /** Names the service: `auth`, `tool`, … */
  readonly name: string;
  readonly logger: Logger;
  /** Holds the metrics of this service only; the admin server shows those of all services of the process together. */
  readonly metrics: Registry;
  readonly tracing: Tracing;
  readonly readiness: Readiness;
}

/** Is a service that answers. Disposing closes what is left at once: call `drain` first to be polite. */
export interface RunningService extends AsyncDisposable {
  /** Where the service can be reached, by protocol: `{ grpc: '127.0.0.1:50052' }`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Stops taking new work and resolves when the work in flight is done. The caller bounds the wait. */
  drain(): Promise<void>;
}

/** Builds a service out of its config; resolves once it answers. On failure it leaves nothing open. */
export type CreateService<Config> = (config: Config, platform: ServicePlatform) => Promise<RunningService>;

/** Is what a process offers to the services that start in it. */
export interface ProcessHost {
  /** Where `/livez`, `/readyz` and `/metrics` are. */
  readonly adminUrl: string;
  /**
   * Builds the platform of one service. Its checks and metrics show up on the admin server of the process. The name of the
   * process itself gives its own platform, which also carries the process metrics.
   */
  platform(name: string): Promise<ServicePlatform>;
}
