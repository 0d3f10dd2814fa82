import { setTimeout as delay } from 'node:timers/promises';

import { createPool, migrate, type Pool } from '@gantry/postgres';
import { ConnectorServiceDefinition } from '@gantry/protocol/gantry/resource/v1/connector_service';
import { ResourceServiceDefinition } from '@gantry/protocol/gantry/resource/v1/resource_service';
import { createMemoryRateLimiter, createRedisRateLimiter, type RateLimiter } from '@gantry/rate-limit';
import { closeRedis, createRedis, type RedisClient } from '@gantry/redis';
import { bindService, createRemoteCallerVerifier, createRpcServer } from '@gantry/rpc';
import type { RunningService, ServicePlatform } from '@gantry/runtime';
import { systemClock } from '@gantry/telemetry';

import type { Config } from './config.ts';
import { createFileConnector } from './connectors/file-connector.ts';
import { createHttpConnector } from './connectors/http-connector.ts';
import { type ConnectorRegistry, createConnectorRegistry } from './domain/connector-registry.ts';
import type { ConnectorLimiter } from './domain/ports.ts';
import { createWatchHub } from './domain/watch-hub.ts';
import { replicaStopping } from './errors.ts';
import { createConnectorHandlers } from './handlers/connector-handlers.ts';
import { createResourceHandlers } from './handlers/resource-handlers.ts';
import { createResourceMetrics } from './metrics.ts';
import type { ResolveHost } from './outbound/guarded-connector.ts';
import { createOutboundClient } from './outbound/outbound-client.ts';
import { createContentCache } from './store/content-cache.ts';

/** Parts a test may replace. */
export interface ResourceServiceParts {
  /** Default: the resolver of the operating system. */
  readonly resolveHost?: ResolveHost;
}

/** Calls in flight are unary and short; watches end by themselves when the drain begins. */
const DRAIN_GRACE_MS = 10_000;

/** Builds the resource service out of its config. */
export async function createResourceService(
  config: Config,
  platform: ServicePlatform,
  parts: ResourceServiceParts = {},
): Promise<RunningService> {
  const { name, logger, metrics, tracing } = platform;
  await using stack = new AsyncDisposableStack();
  const pool = stack.adopt(
    createPool({ connectionString: config.databaseUrl, applicationName: name, logger, metrics }),
    (open) => open.end(),
  );
  await migrate({ pool, schema: 'resource', directory: new URL('../sql/', import.meta.url), logger });
  const redis =
    config.redisUrl === undefined
      ? undefined
      : stack.adopt(createRedis({ url: config.redisUrl, name, logger, metrics }), closeRedis);
  addReadinessChecks(platform, { pool, redis });
  const { verifyCaller } = stack.use(createRemoteCallerVerifier({ ...platform, ...config }));
  const registry = createConnectors(stack, { config, platform, parts });
  const hub = createWatchHub();
  const draining = new AbortController();
  stack.defer(() => draining.abort(replicaStopping()));
  const handlers = createResourceHandlers({
    registry,
    hub,
    cache: stack.use(createContentCache({ pool, redis, ttlMs: config.cacheTtlMs, logger, metrics })),
    limiter: connectorLimiter(createLimiter(platform, redis), config.readsPerMinute),
    clock: systemClock,
    wait: async (durationMs, signal) => delay(durationMs, undefined, { signal }),
    metrics: createResourceMetrics(metrics, hub),
    drainSignal: draining.signal,
  });
  const server = stack.use(
    await createRpcServer({
      name,
      host: config.host,
      port: config.port,
      services: [
        bindService(ResourceServiceDefinition, handlers),
        bindService(ConnectorServiceDefinition, createConnectorHandlers(registry)),
      ],
      verifyCaller,
      logger,
      metrics,
      tracing,
    }),
  );
  const open = stack.move();
  return {
    endpoints: { grpc: server.address },
    async drain() {
      draining.abort(replicaStopping());
      await server.drain(DRAIN_GRACE_MS);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

interface ConnectorsInput {
  readonly config: Config;
  readonly platform: ServicePlatform;
  readonly parts: ResourceServiceParts;
}

function createConnectors(
  stack: AsyncDisposableStack,
  { config, platform, parts: { resolveHost } }: ConnectorsInput,
): ConnectorRegistry {
  const { httpAllowHosts, httpTimeouts, httpPollMs, fileRoots, filePollMs } = config;
  const client = stack.use(
    createOutboundClient({ allowHosts: new Set(httpAllowHosts), timeouts: httpTimeouts, resolveHost }),
  );
  const http = stack.use(
    createHttpConnector({ client, totalTimeoutMs: httpTimeouts.totalMs, pollMs: httpPollMs, clock: systemClock }),
  );
  const file = createFileConnector({ roots: fileRoots, pollMs: filePollMs, logger: platform.logger });
  if (httpAllowHosts.length > 0) {
    platform.logger.warn({ hosts: httpAllowHosts }, 'hosts that are not public may be read; this is for tests only');
  }
  return createConnectorRegistry([file, http]);
}

/** Neither store is critical: both hold copies only. Without them reads are slower and limits are per replica. */
function addReadinessChecks(
  { readiness }: ServicePlatform,
  { pool, redis }: { readonly pool: Pool; readonly redis: RedisClient | undefined },
): void {
  readiness.addCheck('database', async () => void (await pool.query('SELECT 1')), { critical: false });
  if (redis !== undefined) readiness.addCheck('redis', async () => void (await redis.ping()), { critical: false });
}

function createLimiter({ logger, metrics }: ServicePlatform, redis: RedisClient | undefined): RateLimiter {
  const local = createMemoryRateLimiter();
  if (redis === undefined) return local;
  return createRedisRateLimiter({ redis, fallback: local, name: 'resource', logger, metrics });
}

function connectorLimiter(limiter: RateLimiter, perMinute: number): ConnectorLimiter {
  return { take: (tenantId, connector) => limiter.take(`${encodeURIComponent(tenantId)}/${connector}`, { perMinute }) };
}
