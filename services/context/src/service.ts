import { createPool, migrate } from '@gantry/postgres';
import { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import { DocumentServiceDefinition } from '@gantry/protocol/gantry/context/v1/document_service';
import { PromptServiceDefinition } from '@gantry/protocol/gantry/context/v1/prompt_service';
import { bindService, createRemoteCallerVerifier, createRpcServer, unimplemented } from '@gantry/rpc';
import type { RunningService, ServicePlatform } from '@gantry/runtime';
import { systemClock } from '@gantry/telemetry';

import type { Config } from './config.ts';
import { createPause } from './create-pause.ts';
import { createStem } from './domain/create-stem.ts';
import { purgeSessions } from './domain/purge-sessions.ts';
import { createContextHandlers } from './handlers/context-handlers.ts';
import { createDocumentHandlers } from './handlers/document-handlers.ts';
import { createContextMetrics } from './metrics.ts';
import { repeat } from './repeat.ts';
import { hash } from './store/hash.ts';
import { isDataError } from './store/is-data-error.ts';
import { PgDocumentStore } from './store/pg-document-store.ts';
import { PgSessionStore } from './store/pg-session-store.ts';

/** Sessions live for a day, so it does not matter whether one is gone five minutes earlier or later. */
const PURGE_EVERY_MS = 5 * 60_000;

/** Calls in flight are unary; the longest is a batch of documents. */
const DRAIN_GRACE_MS = 10_000;

/** Builds the context service out of its config. */
export async function createContextService(config: Config, platform: ServicePlatform): Promise<RunningService> {
  const { name, logger, metrics: registry, tracing, readiness } = platform;
  await using stack = new AsyncDisposableStack();
  const pool = stack.adopt(
    createPool({ connectionString: config.databaseUrl, applicationName: name, logger, metrics: registry }),
    (open) => open.end(),
  );
  await migrate({ pool, schema: 'context', directory: new URL('../sql/', import.meta.url), logger });
  const { verifyCaller } = stack.use(createRemoteCallerVerifier({ ...platform, ...config }));
  const metrics = createContextMetrics(registry);
  const documents = new PgDocumentStore(pool);
  const sessions = new PgSessionStore(pool);
  const now = () => systemClock.now();
  const contextHandlers = createContextHandlers({ documents, sessions, metrics, now });
  const documentHandlers = createDocumentHandlers({
    store: documents,
    metrics,
    now,
    hash,
    stem: createStem(),
    isDataError,
    pause: createPause(),
  });
  const purge = async (signal: AbortSignal) =>
    metrics.countPurgedSessions(await purgeSessions(sessions, now(), signal));
  stack.use(
    repeat({
      everyMs: PURGE_EVERY_MS,
      task: purge,
      onError: (error) => logger.warn({ err: error }, 'idle sessions could not be purged'),
    }),
  );
  const server = stack.use(
    await createRpcServer({
      name,
      host: config.host,
      port: config.port,
      services: [
        bindService(ContextServiceDefinition, contextHandlers),
        bindService(DocumentServiceDefinition, documentHandlers),
        bindService(PromptServiceDefinition, unimplemented(PromptServiceDefinition)),
      ],
      verifyCaller,
      logger,
      metrics: registry,
      tracing,
    }),
  );
  readiness.addCheck('database', async () => void (await pool.query('SELECT 1')));

  const open = stack.move();
  return {
    endpoints: { grpc: server.address },
    drain: () => server.drain(DRAIN_GRACE_MS),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
