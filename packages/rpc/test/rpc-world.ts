import { AppError } from '@gantry/errors';
import type { Caller, Principal } from '@gantry/identity';
import { TaskServiceDefinition } from '@gantry/protocol/gantry/tool/v1/task_service';
import {
  ListToolsResponse,
  ToolServiceDefinition,
  type CallToolRequest,
} from '@gantry/protocol/gantry/tool/v1/tool_service';
import { createLogger, createMetricsRegistry, createTracing } from '@gantry/telemetry';

import {
  bindService,
  createRpcClient,
  createRpcServer,
  type Handlers,
  type RpcServerOptions,
  unimplemented,
} from '../src/index.ts';

export const principal: Principal = {
  tenantId: 'acme',
  userId: 'ann',
  credentialId: 'key_1',
  roles: [],
  permissions: ['*:*'],
  requestsPerMinute: 0,
};

/** Accepts the assertion `ann` as a principal and `gateway` as a service. */
export async function verifyCaller(assertion: string): Promise<Caller> {
  if (assertion === 'ann') return { kind: 'principal', principal };
  if (assertion === 'gateway') return { kind: 'service', service: 'gateway' };
  throw new AppError({ code: 'UNAUTHENTICATED', reason: 'ASSERTION_INVALID', message: 'the assertion is not valid' });
}

export type ToolHandlers = Handlers<typeof ToolServiceDefinition>;

export const answeringHandlers: ToolHandlers = {
  listTools: async () => ListToolsResponse.create(),
  getTool: async () => ({ tool: undefined }),
  async *callTool(request: CallToolRequest) {
    yield { event: { $case: 'progress', value: { progress: 1, total: 2, message: request.name } } };
    yield {
      event: {
        $case: 'result',
        value: {
          contentJson: request.argumentsJson,
          structuredContentJson: new Uint8Array(0),
          isError: false,
          metaJson: new Uint8Array(0),
        },
      },
    };
  },
};

export interface WorldOptions {
  readonly handlers?: Partial<ToolHandlers>;
  readonly access?: { readonly [K in keyof ToolHandlers]?: 'principal' | 'service' | 'any' | 'anonymous' };
  readonly server?: Partial<RpcServerOptions>;
}

/** Starts a real server on a free port with a client for it. */
export async function startWorld({ handlers = {}, access = {}, server: overrides = {} }: WorldOptions = {}) {
  const tracing = await createTracing({ service: 'tool' });
  const serverMetrics = createMetricsRegistry({ service: 'tool' });
  const clientMetrics = createMetricsRegistry({ service: 'gateway' });
  const logLines: Record<string, unknown>[] = [];
  const logger = createLogger({
    service: 'tool',
    level: 'debug',
    destination: { write: (line) => void logLines.push(JSON.parse(line)) },
  });
  const startServer = (port: number) =>
    createRpcServer({
      name: 'tool',
      host: '127.0.0.1',
      port,
      verifyCaller,
      logger,
      metrics: serverMetrics,
      tracing,
      services: [
        bindService(ToolServiceDefinition, { ...answeringHandlers, ...handlers }, { access }),
        bindService(TaskServiceDefinition, unimplemented(TaskServiceDefinition)),
      ],
      ...overrides,
    });
  const server = await startServer(0);
  const clientOptions = { peer: 'tool', target: server.address, metrics: clientMetrics, tracing };
  const client = createRpcClient(ToolServiceDefinition, clientOptions);
  const tasks = createRpcClient(TaskServiceDefinition, clientOptions);
  const clientOf = (target: string) => createRpcClient(ToolServiceDefinition, { ...clientOptions, target });
  return {
    server,
    clientOf,
    client,
    tasks,
    startServer,
    serverMetrics,
    clientMetrics,
    logLines,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      tasks[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
