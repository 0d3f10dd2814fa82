import { createMemoryRateLimiter, createRedisRateLimiter, type RateLimiter } from '@gantry/rate-limit';
import { closeRedis, createRedis } from '@gantry/redis';
import { createRpcServer } from '@gantry/rpc';
import type { RunningService, ServicePlatform } from '@gantry/runtime';
import { systemClock } from '@gantry/telemetry';

import { createAuditSpool } from './clients/audit-spool.ts';
import { createBackends } from './clients/backends.ts';
import { createCredentialCache } from './clients/credential-cache.ts';
import { startPolicyWatch } from './clients/policy-watch.ts';
import type { Config } from './config.ts';
import { type BodyBudgetLimits, createBodyBudget } from './edge/body-budget.ts';
import { createMcpService } from './edge/grpc.ts';
import { createHttpServer, listen } from './edge/http-server.ts';
import { createHttpEdge } from './edge/http.ts';
import { createOriginPolicy } from './edge/origin.ts';
import { createWebSocketEdge } from './edge/websocket.ts';
import { credentialMissing, policyStreamDown } from './errors.ts';
import { createMethodTables } from './methods/method-table.ts';
import { createGatewayMetrics } from './metrics.ts';
import { createPipeline } from './pipeline/pipeline.ts';

/** Audit events are sent for as long as the process is given to end, but not for ever. */
const AUDIT_FLUSH_MS = 5_000;

/** Starts the gateway: `POST /mcp` and `GET /ws` on one port, `McpService` on another. `bodyLimits` is for tests. */
export async function createGatewayService(
  config: Config,
  platform: ServicePlatform,
  bodyLimits: BodyBudgetLimits = {},
): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const { logger, tracing } = platform;
  const clock = systemClock;
  const { requestTimeoutMs } = config;
  const backends = stack.use(createBackends(config, platform));
  const credentials = createCredentialCache(backends.auth, clock);
  const limiter = createRateLimiter(config, platform, stack);
  const methods = createMethodTables(backends, config.contextItemsMax);
  const methodNames = new Set(Object.values(methods).flatMap((table) => [...table.keys()]));
  const metrics = createGatewayMetrics(platform.metrics, methodNames);
  const audit = stack.use(createAuditSpool({ mode: config.auditMode, audit: backends.audit, metrics, logger }));
  const pipeline = createPipeline({ credentials, limiter, methods, audit, metrics, logger, tracing, clock });

  const server = createHttpServer(config.http);
  const origins = createOriginPolicy(config.http.host, config.http.allowedOrigins);
  const edge = { server, pipeline, metrics, logger, clock, origins, requestTimeoutMs };
  const bodies = createBodyBudget(bodyLimits);
  const http = createHttpEdge({ ...edge, bodies });
  const webSocket = stack.use(createWebSocketEdge({ ...edge, resources: backends.resources }));
  const onRevoked = (credentialId: string) => webSocket.closeCredential(credentialId);
  const policyWatch = stack.use(startPolicyWatch({ policy: backends.policy, credentials, onRevoked, logger }));

  metrics.gauge('gantry_gateway_in_flight', 'Requests being worked on.', () => pipeline.inFlight);
  metrics.gauge('gantry_gateway_body_bytes', 'Bytes of request bodies that are held.', () => bodies.bytes);
  metrics.gauge('gantry_audit_spool_events', 'Audit events that auth does not have yet.', () => audit.length);
  metrics.gauge('gantry_audit_spool_bytes', 'Their bytes.', () => audit.bytes);
  metrics.gauge('gantry_audit_appends_in_flight', 'Batches on their way to auth.', () => audit.appendsInFlight);
  metrics.gauge('gantry_audit_refusing', '1 while requests are refused for want of an audit log.', () =>
    Number(audit.isRefusing),
  );
  metrics.gauge('gantry_credential_cache_entries', 'Credentials whose principal is cached.', () => credentials.size);
  metrics.gauge('gantry_policy_stream_live', '1 while revocations are heard of.', () => Number(credentials.isLive));
  platform.readiness.addCheck(
    'policy-stream',
    async () => {
      if (!credentials.isLive) throw policyStreamDown();
    },
    { critical: false },
  );

  const grpc = stack.use(
    await createRpcServer({
      ...platform,
      ...config.grpc,
      services: [createMcpService({ pipeline, clock, requestTimeoutMs })],
      // Clients show an API key to the pipeline; nobody has an assertion to show here.
      verifyCaller: () => Promise.reject(credentialMissing()),
      // Lanes are for services of ours; clients have McpService.Session.
      lanes: false,
    }),
  );
  const port = await listen(server, config.http);
  stack.defer(() => server.closeAllConnections());
  stack.defer(() => void server.close());
  logger.info({ http: `${config.http.host}:${port}`, grpc: grpc.address }, 'the gateway listens');

  const running = stack.move();
  return {
    endpoints: {
      http: `http://${config.http.host}:${port}/mcp`,
      ws: `ws://${config.http.host}:${port}/ws`,
      grpc: grpc.address,
    },
    async drain() {
      await Promise.all([http.drain(), webSocket.drain(), grpc.drain(requestTimeoutMs)]);
      await audit.flush(AbortSignal.timeout(AUDIT_FLUSH_MS));
      // Nobody is left to be revoked, and auth may drain next: its end is no news.
      await policyWatch[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function createRateLimiter({ redisUrl }: Config, platform: ServicePlatform, stack: AsyncDisposableStack): RateLimiter {
  const local = createMemoryRateLimiter({ clock: systemClock });
  if (redisUrl === undefined) return local;
  const { logger, metrics, readiness } = platform;
  const redis = stack.adopt(createRedis({ url: redisUrl, name: 'gateway', logger, metrics }), closeRedis);
  readiness.addCheck('redis', async () => void (await redis.ping()), { critical: false });
  return createRedisRateLimiter({ redis, fallback: local, name: 'requests', logger, metrics });
}
