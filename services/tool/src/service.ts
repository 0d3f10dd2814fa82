import { createPool, migrate, type Pool, query } from '@gantry/postgres';
import { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import { ResourceServiceDefinition } from '@gantry/protocol/gantry/resource/v1/resource_service';
import { CatalogServiceDefinition } from '@gantry/protocol/gantry/tool/v1/catalog_service';
import { TaskServiceDefinition } from '@gantry/protocol/gantry/tool/v1/task_service';
import { ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { bindService, createRemoteCallerVerifier, createRpcClient, createRpcServer, unimplemented } from '@gantry/rpc';
import type { RunningService, ServicePlatform } from '@gantry/runtime';
import { systemClock } from '@gantry/telemetry';

import { createContextGet } from './builtin/context-get.ts';
import { createContextSearch } from './builtin/context-search.ts';
import { createCurrentTime } from './builtin/current-time.ts';
import { echo } from './builtin/echo.ts';
import { createResourceRead } from './builtin/resource-read.ts';
import type { Config } from './config.ts';
import { createBulkhead } from './domain/bulkhead.ts';
import { createCachedTools } from './domain/cached-tools.ts';
import { createCatalog } from './domain/catalog.ts';
import type { Tool } from './domain/tool.ts';
import { createToolHandlers } from './handlers/tool-handlers.ts';
import { createToolMetrics } from './metrics.ts';
import { createSchemaCompiler } from './schema/ajv-schema-compiler.ts';
import { PgToolStore } from './store/pg-tool-store.ts';

/** The process bounds its drain by its own grace period; this only keeps a forgotten one from lasting forever. */
const DRAIN_MAX_MS = 60_000;

const now = () => systemClock.now();

/** Says what the service has besides what comes with it. */
export interface ToolServiceOptions {
  /** Tools whose code is given, beside the built-in ones. Default none. */
  readonly tools?: readonly Tool[];
}

/** Starts the tool service: migrates its schema, puts the built-in tools into the catalog, and answers. */
export async function createToolService(
  config: Config,
  platform: ServicePlatform,
  { tools = [] }: ToolServiceOptions = {},
): Promise<RunningService> {
  const { logger, metrics } = platform;
  await using stack = new AsyncDisposableStack();
  const connectionString = config.databaseUrl;
  const pool: Pool = createPool({ connectionString, applicationName: 'gantry-tool', logger, metrics });
  stack.adopt(pool, (it) => it.end());
  await migrate({ pool, schema: 'tool', directory: new URL('../sql/', import.meta.url), logger });

  const store = new PgToolStore(pool);
  const builtins = [...createBuiltins(config, platform, stack), ...tools];
  await store.putShared(builtins.map(({ definition }) => definition));
  const loadTools = createCachedTools({
    store,
    now,
    onStale: (error) => logger.warn({ err: error }, 'the catalog could not be loaded; serving the one loaded last'),
  });
  const handlers = createToolHandlers({
    catalog: createCatalog({ loadTools, builtins }),
    schemas: createSchemaCompiler(),
    bulkhead: createBulkhead(config.concurrencyMax),
    metrics: createToolMetrics(metrics),
    now,
    onToolFault: (tool, error) => logger.error({ tool, err: error }, 'a tool failed unexpectedly'),
  });
  const { verifyCaller } = stack.use(createRemoteCallerVerifier({ ...platform, ...config }));
  const { host, port } = config;
  const services = [
    bindService(ToolServiceDefinition, handlers),
    bindService(CatalogServiceDefinition, unimplemented(CatalogServiceDefinition)),
    bindService(TaskServiceDefinition, unimplemented(TaskServiceDefinition)),
  ];
  const server = stack.use(await createRpcServer({ ...platform, host, port, services, verifyCaller }));
  // Not critical: without the database the catalog that was loaded last goes on being served.
  platform.readiness.addCheck('database', async () => void (await query(pool, 'SELECT 1')), { critical: false });
  const running = stack.move();
  return {
    endpoints: { grpc: server.address },
    drain: () => server.drain(DRAIN_MAX_MS),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Makes the tools that come with this version. */
function createBuiltins(config: Config, platform: ServicePlatform, stack: AsyncDisposableStack): readonly Tool[] {
  const { metrics, tracing } = platform;
  const { contextAddress, resourceAddress } = config;
  const context = stack.use(
    createRpcClient(ContextServiceDefinition, { peer: 'context', target: contextAddress, metrics, tracing }),
  );
  const resource = stack.use(
    createRpcClient(ResourceServiceDefinition, { peer: 'resource', target: resourceAddress, metrics, tracing }),
  );
  return [
    createContextGet(context),
    createContextSearch(context),
    createCurrentTime(now),
    echo,
    createResourceRead(resource),
  ];
}
