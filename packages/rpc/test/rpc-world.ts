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
  openRpcConnection,
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
  /** How the clients call. Default `lane`. */
  readonly way?: Way;
}

/** The ways a call can go; what holds of a call holds of it on both. */
export type Way = 'lane' | 'plain';
export const ways: readonly Way[] = ['lane', 'plain'];

/** Starts a real server on a free port with a client for it. */
export async function startWorld({
  handlers = {},
  access = {},
  server: overrides = {},
  way = 'lane',
}: WorldOptions = {}) {
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
  const connect = (target: string) => openRpcConnection({ peer: 'tool', target, metrics: clientMetrics, way });
  const connection = connect(server.address);
  const clientOptions = { peer: 'tool', target: connection, metrics: clientMetrics, tracing };
  const client = createRpcClient(ToolServiceDefinition, clientOptions);
  const tasks = createRpcClient(TaskServiceDefinition, clientOptions);
  const clientOf = (target: string) => {
    const other = connect(target);
    const otherClient = createRpcClient(ToolServiceDefinition, { ...clientOptions, target: other });
    const dispose = () => {
      otherClient[Symbol.dispose]();
      other[Symbol.dispose]();
    };
    return { ...otherClient, [Symbol.dispose]: dispose };
  };
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
      connection[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
