import { setTimeout as sleep } from 'node:timers/promises';

import { createCallerVerifier } from '@gantry/identity';
import { createPool, migrate, type Pool, query } from '@gantry/postgres';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { KeyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/key_service';
import { PolicyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/policy_service';
import { bindService, type BoundService, createRpcServer } from '@gantry/rpc';
import type { RunningService, ServicePlatform } from '@gantry/runtime';
import { systemClock } from '@gantry/telemetry';

import type { Config } from './config.ts';
import { generateSigningKey } from './crypto/generate-signing-key.ts';
import { authenticate } from './domain/authenticate.ts';
import { bootstrap } from './domain/bootstrap.ts';
import { PolicyFeed } from './domain/policy-feed.ts';
import type { CredentialStore, PolicyStore } from './domain/ports.ts';
import { createPublishedKeys } from './domain/published-keys.ts';
import { Signer } from './domain/signer.ts';
import { auditServiceDefinition, createAuditHandlers } from './handlers/audit-handlers.ts';
import { createAuthHandlers } from './handlers/auth-handlers.ts';
import { createKeyHandlers } from './handlers/key-handlers.ts';
import { createPolicyHandlers } from './handlers/policy-handlers.ts';
import { keepHouse } from './housekeeping.ts';
import { type AuthMetrics, createAuthMetrics } from './metrics.ts';
import { startPeriodicTask } from './periodic-task.ts';
import { createPolicyNews, type PolicyNews } from './policy-news.ts';
import { createPgAuditStore } from './store/pg-audit-store.ts';
import { createPgCredentialStore } from './store/pg-credential-store.ts';
import { createPgPolicyEventStore } from './store/pg-policy-event-store.ts';
import { createPgPolicyStore } from './store/pg-policy-store.ts';
import { createPgSigningKeyStore } from './store/pg-signing-key-store.ts';

/** A change has to be on every gateway within a second, also when nothing but this looks for it. */
const FEED_TICK_MS = 250;
/** A read of the feed that takes longer than this is given up; STALE_AFTER_MS has room for one that is. */
const FEED_TIMEOUT_MS = 1_000;
/** One connection stores 60,000 events a second; more hide what a commit waits for the disk. */
const APPENDS_AT_ONCE_MAX = 4;
const ROTATION_CHECK_MS = 10_000;
const HOUSEKEEPING_MS = 60_000;
/** The process bounds its drain by its own grace period; this only keeps a forgotten one from lasting forever. */
const DRAIN_MAX_MS = 60_000;

const clock = systemClock;

/** Starts auth: migrates its schema, makes its signing key, creates the bootstrap key if there is one, and answers. */
export async function createAuthService(config: Config, platform: ServicePlatform): Promise<RunningService> {
  await using stack = new AsyncDisposableStack();
  const pool = stack.adopt(createAuthPool(config, platform), (it) => it.end());
  await migrate({ pool, schema: 'auth', directory: new URL('../sql/', import.meta.url), logger: platform.logger });
  const metrics = createAuthMetrics(platform.metrics);
  const keys = createPgSigningKeyStore(pool);
  const listPublishedKeys = createPublishedKeys({ keys, clock });
  const news = stack.use(createPolicyNews(config, platform));
  const feed = await startFeed(config, { stack, platform, news, metrics });
  const policy = createPgPolicyStore({
    pool,
    onAnnounced: () => {
      feed.nudge();
      news.spread();
    },
  });
  const credentials = createPgCredentialStore(pool);
  await createBootstrapKey(config, platform, { policy, credentials });
  const signer = await startSigner(config, { stack, platform, keys });
  stack.use(
    periodic(platform, HOUSEKEEPING_MS, () => keepHouse({ events: createPgPolicyEventStore(pool), keys, clock })),
  );
  addChecks(platform, { pool, news, isRedisUsed: config.redisUrl !== undefined });

  const { defaultRequestsPerMinute, clusterSecret } = config;
  const audit = createPgAuditStore({
    pool,
    appendPool: stack.adopt(createAppendPool(config, platform), (it) => it.end()),
  });
  const services = bindServices({
    auth: createAuthHandlers({
      authenticate: (apiKey) => authenticate({ credentials, signer, clock }, apiKey),
      listPublishedKeys,
      metrics,
    }),
    keys: createKeyHandlers({ policy, clock, defaultRequestsPerMinute }),
    policy: createPolicyHandlers({ policy, feed, clock, defaultRequestsPerMinute }),
    audit: createAuditHandlers({ audit, metrics }),
  });
  const verifyCaller = createCallerVerifier({ fetchKeys: listPublishedKeys, clusterSecret, now: () => clock.now() });
  const { host, port } = config;
  const server = stack.use(await createRpcServer({ ...platform, host, port, services, verifyCaller }));
  const running = stack.move();
  return {
    endpoints: { grpc: server.address },
    async drain() {
      // Policy streams never end by themselves.
      feed.close();
      await server.drain(DRAIN_MAX_MS);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function createAuthPool({ databaseUrl }: Config, { logger, metrics }: ServicePlatform): Pool {
  return createPool({ connectionString: databaseUrl, applicationName: 'gantry-auth', logger, metrics });
}

/** A pool of its own: however many batches there are, credentials find a connection, and the other way round. */
function createAppendPool({ databaseUrl }: Config, { logger, metrics }: ServicePlatform): Pool {
  return createPool({
    connectionString: databaseUrl,
    applicationName: 'gantry-auth-audit',
    maxConnections: APPENDS_AT_ONCE_MAX,
    logger,
    metrics,
  });
}

interface StartOptions {
  readonly stack: AsyncDisposableStack;
  readonly platform: ServicePlatform;
}

/** Starts to follow policy events, on a connection of its own: however busy the others are, revocations come through. */
async function startFeed(
  { databaseUrl }: Config,
  { stack, platform, news, metrics }: StartOptions & { readonly news: PolicyNews; readonly metrics: AuthMetrics },
): Promise<PolicyFeed> {
  const { logger } = platform;
  const feedPool = createPool({
    connectionString: databaseUrl,
    applicationName: 'gantry-auth-feed',
    maxConnections: 1,
    queryTimeoutMs: FEED_TIMEOUT_MS,
    connectionTimeoutMs: FEED_TIMEOUT_MS,
    logger,
    metrics: platform.metrics,
  });
  stack.adopt(feedPool, (it) => it.end());
  const feed = new PolicyFeed({
    events: createPgPolicyEventStore(feedPool),
    clock,
    onReadsFailing: (error) => logger.warn({ err: error }, 'policy events cannot be read'),
  });
  const timer = setInterval(() => feed.tick(), FEED_TICK_MS);
  timer.unref();
  stack.defer(async () => {
    clearInterval(timer);
    feed.close();
    await feed.settled();
  });
  feed.tick();
  await feed.settled();
  await news.listen(() => feed.nudge());
  metrics.watchPolicyStreams(() => feed.watcherCount);
  return feed;
}

async function startSigner(
  { signingKeyRotationMs }: Config,
  { stack, platform, keys }: StartOptions & { readonly keys: ReturnType<typeof createPgSigningKeyStore> },
): Promise<Signer> {
  const signer = new Signer({
    keys,
    generate: generateSigningKey,
    clock,
    rotateAfterMs: signingKeyRotationMs,
    sleep: (ms) => sleep(ms, undefined, { ref: false }),
  });
  stack.defer(() =>
    signer
      .retire()
      .catch((error: unknown) => platform.logger.warn({ err: error }, 'the signing key could not be retired')),
  );
  await signer.start();
  stack.use(periodic(platform, ROTATION_CHECK_MS, () => signer.rotateIfDue()));
  return signer;
}

async function createBootstrapKey(
  { bootstrapApiKey }: Config,
  { logger }: ServicePlatform,
  stores: { readonly policy: PolicyStore; readonly credentials: CredentialStore },
): Promise<void> {
  if (bootstrapApiKey === undefined) return;
  const outcome = await bootstrap({ ...stores, clock }, bootstrapApiKey);
  if (outcome === 'created') logger.info('bootstrap API key created for user admin of tenant default');
  if (outcome === 'conflicts') logger.warn('AUTH_BOOTSTRAP_API_KEY has the id of another API key and does not work');
}

function periodic({ logger }: ServicePlatform, everyMs: number, run: () => Promise<void>): AsyncDisposable {
  return startPeriodicTask({
    everyMs,
    run,
    onError: (error) => logger.warn({ err: error }, 'a periodic task of auth failed'),
  });
}

interface CheckedStores {
  readonly pool: Pool;
  readonly news: PolicyNews;
  readonly isRedisUsed: boolean;
}

function addChecks({ readiness }: ServicePlatform, { pool, news, isRedisUsed }: CheckedStores): void {
  readiness.addCheck('database', async () => void (await query(pool, 'select 1')));
  if (isRedisUsed) readiness.addCheck('redis', () => news.check(), { critical: false });
}

interface HandlersByService {
  readonly auth: ReturnType<typeof createAuthHandlers>;
  readonly keys: ReturnType<typeof createKeyHandlers>;
  readonly policy: ReturnType<typeof createPolicyHandlers>;
  readonly audit: ReturnType<typeof createAuditHandlers>;
}

function bindServices({ auth, keys, policy, audit }: HandlersByService): readonly BoundService[] {
  return [
    bindService(AuthServiceDefinition, auth, { access: { authenticate: 'anonymous', listSigningKeys: 'anonymous' } }),
    bindService(KeyServiceDefinition, keys),
    bindService(PolicyServiceDefinition, policy, { access: { watchPolicy: 'service' } }),
    bindService(auditServiceDefinition, audit, { access: { appendAuditEvents: 'service' } }),
  ];
}
