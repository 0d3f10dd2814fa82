export { runService, type RunServiceOptions } from './run-service.ts';
export { runProcess, type RunProcessOptions } from './run-process.ts';
export { type CreateService, type ProcessHost, type RunningService, type ServicePlatform } from './service-platform.ts';
export { startServices, type ServiceStart } from './start-services.ts';
export { createPlatform, type CreatePlatformOptions, type Platform } from './create-platform.ts';
export { type CheckReport } from './check-runner.ts';
export {
  createReadiness,
  type CreateReadinessOptions,
  type Readiness,
  type ReadinessMonitor,
  type ReadinessReport,
  scopeReadiness,
} from './readiness.ts';
export { type AdminServer, startAdminServer, type StartAdminServerOptions } from './admin-server.ts';
export { onShutdownSignal, type OnShutdownSignalOptions, type ShutdownCause } from './shutdown-signal.ts';
export { commonEnv, parseProcessSettings, type ProcessSettings } from './process-settings.ts';
export { ConfigError } from './config-error.ts';
export { parseEnv } from './parse-env.ts';
export { resolveSecretFiles } from './secret-files.ts';
export { describeEnv, type EnvRow } from './describe-env.ts';
export { exitCode } from './exit-code.ts';
export {
  addressSetting,
  clusterSecretSetting,
  databaseUrlSetting,
  grpcPortSetting,
  hostSetting,
  portSetting,
  type ServiceName,
} from './service-settings.ts';
