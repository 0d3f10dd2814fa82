import { createMemoryRateLimiter, createRedisRateLimiter, type RateLimiter } from '@gantry/rate-limit';
import { closeRedis, createRedis } from '@gantry/redis';
import { type BoundService, createRpcServer, type RpcServer } from '@gantry/rpc';
import type { RunningService, ServicePlatform } from '@gantry/runtime';
import { systemClock } from '@gantry/telemetry';

import { createAuditSpool } from './clients/audit-spool.ts';
import { createBackends } from './clients/backends.ts';
import { type CredentialCache, createCredentialCache } from './clients/credential-cache.ts';
import { startPolicyWatch } from './clients/policy-watch.ts';
import type { Config } from './config.ts';
import { type BodyBudgetLimits, createBodyBudget } from './edge/body-budget.ts';
import { createWebSocketLoad } from './edge/connection-load.ts';
import { createConnectionSet } from './edge/connection-set.ts';
import { createMcpService } from './edge/grpc.ts';
import { createHttpServer, listen } from './edge/http-server.ts';
import { createHttpEdge } from './edge/http.ts';
import { READER_STUCK_MS } from './edge/message-connection.ts';
import { createOriginPolicy } from './edge/origin.ts';
import { createSessionEdge } from './edge/session-edge.ts';
import { createSessionLoad, type SessionLoadLimits } from './edge/session-load.ts';
import { SESSION_AGE_MAX_MS } from './edge/session.ts';
import { serveWebSockets } from './edge/websocket.ts';
import { credentialMissing, policyStreamDown } from './errors.ts';
import { showLoads } from './load-gauges.ts';
import { createMethodTables } from './methods/method-table.ts';
import { createGatewayMetrics } from './metrics.ts';
import { type AnswerLimits, createAnswerBudget } from './pipeline/answer-budget.ts';
import { createPipeline } from './pipeline/pipeline.ts';

/** Audit events are sent for as long as the process is given to end, but not for ever. */
const AUDIT_FLUSH_MS = 5_000;

/** Smaller limits, for tests. */
export interface EdgeLimits {
  readonly answers?: AnswerLimits | undefined;
  readonly bodies?: BodyBudgetLimits | undefined;
  readonly sessions?: SessionLoadLimits | undefined;
  /** The age at which a session ends. */
  readonly sessionAgeMs?: number | undefined;
  /** How often connections are pinged. */
  readonly checkIntervalMs?: number | undefined;
  /** How long a client over HTTP or of a gRPC stream may read nothing. */
  readonly readerStuckMs?: number | undefined;
}

/** Starts the gateway: `POST /mcp` and `GET /ws` on one port, `McpService` on another. */
export async function createGatewayService(
  config: Config,
  platform: ServicePlatform,
  limits: EdgeLimits = {},
): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const { logger, tracing } = platform;
  const clock = systemClock;
  const { requestTimeoutMs, accessLogRatio } = config;
  const backends = stack.use(createBackends(config, platform));
  const credentials = createCredentialCache(backends.auth, clock);
  const limiter = createRateLimiter(config, platform, stack);
  const methods = createMethodTables(backends, config.contextItemsMax);
  const methodNames = new Set(Object.values(methods).flatMap((table) => [...table.keys()]));
  const metrics = createGatewayMetrics(platform.metrics, methodNames);
  const audit = stack.use(createAuditSpool({ mode: config.auditMode, audit: backends.audit, metrics, logger }));
  const answers = createAnswerBudget(limits.answers);
  const asked = { credentials, limiter, methods, audit, answers, metrics };
  const pipeline = createPipeline({ ...asked, logger, tracing, clock, accessLogRatio });

  const server = createHttpServer(config.http);
  const origins = createOriginPolicy(config.http.host, config.http.allowedOrigins);
  const edge = { server, pipeline, metrics, logger, clock, origins, requestTimeoutMs };
  const bodies = createBodyBudget(limits.bodies);
  const { readerStuckMs } = limits;
  const http = createHttpEdge({ ...edge, bodies, readerStuckMs });
  const connections = stack.use(createConnectionSet(limits));
  const { resources } = backends;
  const webSockets = createWebSocketLoad();
  serveWebSockets({ ...edge, connections, resources, load: webSockets });
  const sessions = createSessionLoad(limits.sessions);
  const serveSession = createSessionEdge({ ...edge, ...limits, connections, resources, load: sessions });
  const onRevoked = (credentialId: string) => connections.closeCredential(credentialId);
  const policyWatch = stack.use(startPolicyWatch({ policy: backends.policy, credentials, onRevoked, logger }));

  showLoads(metrics, { http, pipeline, connections, webSockets, sessions, bodies, answers, audit, credentials });
  checkPolicyStream(platform, credentials);

  const service = createMcpService({ pipeline, clock, requestTimeoutMs, serveSession });
  const grpc = stack.use(await startGrpc(service, { config, platform, limits }));
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
      await Promise.all([http.drain(), connections.drain(), grpc.drain(requestTimeoutMs)]);
      await audit.flush(AbortSignal.timeout(AUDIT_FLUSH_MS));
      // Nobody is left to be revoked, and auth may drain next: its end is no news.
      await policyWatch[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Not critical: without the stream, revocations are felt within a second. */
function checkPolicyStream({ readiness }: ServicePlatform, credentials: Pick<CredentialCache, 'isLive'>): void {
  readiness.addCheck(
    'policy-stream',
    async () => {
      if (!credentials.isLive) throw policyStreamDown();
    },
    { critical: false },
  );
}

interface Surroundings {
  readonly config: Config;
  readonly platform: ServicePlatform;
  readonly limits: EdgeLimits;
}

function startGrpc(service: BoundService, { config, platform, limits }: Surroundings): Promise<RpcServer> {
  return createRpcServer({
    ...platform,
    ...config.grpc,
    services: [service],
    // Clients show an API key to the pipeline; nobody has an assertion to show here.
    verifyCaller: () => Promise.reject(credentialMissing()),
    // Lanes are for services of ours; clients have McpService.Session.
    lanes: false,
    readerStuckMs: limits.readerStuckMs ?? READER_STUCK_MS,
    // A session that was opened last thing grows old, and its last requests are answered.
    connectionGraceMs: SESSION_AGE_MAX_MS + config.requestTimeoutMs,
  });
}

function createRateLimiter({ redisUrl }: Config, platform: ServicePlatform, stack: AsyncDisposableStack): RateLimiter {
  const local = createMemoryRateLimiter({ clock: systemClock });
  if (redisUrl === undefined) return local;
  const { logger, metrics, readiness } = platform;
  const redis = stack.adopt(createRedis({ url: redisUrl, name: 'gateway', logger, metrics }), closeRedis);
  readiness.addCheck('redis', async () => void (await redis.ping()), { critical: false });
  return createRedisRateLimiter({ redis, fallback: local, name: 'requests', logger, metrics });
}
