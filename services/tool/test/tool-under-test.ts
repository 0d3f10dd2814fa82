import type { Principal } from '@gantry/identity';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import { ResourceServiceDefinition } from '@gantry/protocol/gantry/resource/v1/resource_service';
import { CatalogServiceDefinition } from '@gantry/protocol/gantry/tool/v1/catalog_service';
import { TaskServiceDefinition } from '@gantry/protocol/gantry/tool/v1/task_service';
import {
  type CallToolResponse,
  type ToolResult,
  ToolServiceDefinition,
} from '@gantry/protocol/gantry/tool/v1/tool_service';
import {
  bindService,
  type BoundService,
  type CallOptions,
  createRpcClient,
  createRpcServer,
  type Handlers,
  type RpcClient,
  type RpcServer,
  unimplemented,
} from '@gantry/rpc';
import type { RunningService } from '@gantry/runtime';
import { rpcWay, type TestAssertions, testAssertions, testPlatform, type TestPlatform } from '@gantry/testkit';

import { type Config, parseConfig } from '../src/config.ts';
import { createToolService } from '../src/service.ts';
import { jsonBytes } from './sample-tool.ts';

/** What stands in for the services that tools call; what is not given is UNIMPLEMENTED there. */
export interface Peers {
  readonly context?: Partial<Handlers<ContextServiceDefinition>>;
  readonly resource?: Partial<Handlers<ResourceServiceDefinition>>;
}

/** What a test asks for. */
export interface ToolOptions {
  readonly config?: Partial<Config>;
  readonly peers?: Peers;
  readonly platform?: Partial<TestPlatform>;
}

/** A tool service that answers, with clients of it, and the services around it. */
export interface ToolUnderTest extends AsyncDisposable {
  readonly tools: RpcClient<ToolServiceDefinition>;
  readonly catalog: RpcClient<CatalogServiceDefinition>;
  readonly tasks: RpcClient<TaskServiceDefinition>;
  readonly service: RunningService;
  readonly platform: TestPlatform;
  /** What a call of a principal carries. */
  readonly as: (principal?: Partial<Principal>) => Promise<CallOptions>;
  /** Calls a tool and returns all it says. */
  readonly events: (name: string, parameters: unknown, options?: CallOptions) => Promise<readonly CallToolResponse[]>;
  /** Calls a tool and returns how it ended. */
  readonly call: (name: string, parameters: unknown, options?: CallOptions) => Promise<CallEnd>;
}

/** The result of a call, read. */
export interface CallEnd {
  readonly text: string;
  readonly structuredContent: unknown;
  readonly isError: boolean;
}

/** A call of a tool as the message. */
export const callRequest = (name: string, argumentsJson: Uint8Array) => ({
  name,
  argumentsJson,
  idempotencyKey: '',
  metaJson: new Uint8Array(0),
});

/** Starts the service as its process would, but for the given parts. */
export async function startTool(databaseUrl: string, options: ToolOptions = {}): Promise<ToolUnderTest> {
  await using stack = new AsyncDisposableStack();
  const assertions = await testAssertions();
  const { auth, context, resource } = await startPeers(stack, assertions, options.peers ?? {});
  const platform: TestPlatform = { ...testPlatform('tool'), ...options.platform };
  const config = parseConfig({
    DATABASE_URL: databaseUrl,
    GANTRY_CLUSTER_SECRET: 'a secret for tests, and for nothing else',
    AUTH_ADDRESS: auth.address,
    CONTEXT_ADDRESS: context.address,
    RESOURCE_ADDRESS: resource.address,
    TOOL_GRPC_PORT: '0',
  });
  const service = stack.use(await createToolService({ ...config, ...options.config }, platform));
  const { metrics, tracing } = testPlatform('client');
  const client = { target: service.endpoints['grpc'] ?? '', way: rpcWay(), peer: 'tool', metrics, tracing };
  const tools = stack.use(createRpcClient(ToolServiceDefinition, client));
  const catalog = stack.use(createRpcClient(CatalogServiceDefinition, client));
  const tasks = stack.use(createRpcClient(TaskServiceDefinition, client));
  const as: ToolUnderTest['as'] = async (principal) => ({ assertion: await assertions.assertionFor(principal) });
  const events: ToolUnderTest['events'] = async (name, parameters, call) =>
    Array.fromAsync(tools.callTool(callRequest(name, jsonBytes(parameters)), call ?? (await as())));
  const running = stack.move();
  return {
    tools,
    catalog,
    tasks,
    service,
    platform,
    as,
    events,
    call: async (...input) => readEnd(await events(...input)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function readEnd(events: readonly CallToolResponse[]): CallEnd {
  const event = events.at(-1)?.event;
  if (event?.$case !== 'result') throw new Error('a call ended without a result');
  const { contentJson, structuredContentJson, isError }: ToolResult = event.value;
  const content: readonly { readonly text: string }[] = JSON.parse(new TextDecoder().decode(contentJson));
  const structured = new TextDecoder().decode(structuredContentJson);
  return {
    text: content.map(({ text }) => text).join('\n'),
    structuredContent: structured === '' ? undefined : JSON.parse(structured),
    isError,
  };
}

async function startPeers(stack: AsyncDisposableStack, assertions: TestAssertions, peers: Peers) {
  const keys = assertions.publishedKeys.map((key) => ({ ...key, expiresAt: undefined }));
  const start = async (name: string, service: BoundService): Promise<RpcServer> => {
    const { verifyCaller } = assertions;
    const server = { ...testPlatform(name), host: '127.0.0.1', port: 0, verifyCaller, services: [service] };
    return stack.use(await createRpcServer(server));
  };
  return {
    auth: await start(
      'auth',
      bindService(
        AuthServiceDefinition,
        { ...unimplemented(AuthServiceDefinition), listSigningKeys: async () => ({ keys }) },
        { access: { listSigningKeys: 'anonymous' } },
      ),
    ),
    context: await start(
      'context',
      bindService(ContextServiceDefinition, { ...unimplemented(ContextServiceDefinition), ...peers.context }),
    ),
    resource: await start(
      'resource',
      bindService(ResourceServiceDefinition, { ...unimplemented(ResourceServiceDefinition), ...peers.resource }),
    ),
  };
}
