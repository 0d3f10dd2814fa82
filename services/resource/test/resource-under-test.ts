import { type Principal } from '@gantry/identity';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { ConnectorServiceDefinition } from '@gantry/protocol/gantry/resource/v1/connector_service';
import { ResourceServiceDefinition } from '@gantry/protocol/gantry/resource/v1/resource_service';
import {
  bindService,
  type CallOptions,
  createRpcClient,
  createRpcServer,
  type RpcClient,
  unimplemented,
} from '@gantry/rpc';
import type { RunningService } from '@gantry/runtime';
import { rpcWay, type TestAssertions, testAssertions, type TestPlatform, testPlatform } from '@gantry/testkit';

import { type Config, parseConfig } from '../src/config.ts';
import { createResourceService, type ResourceServiceParts } from '../src/service.ts';

/** A resource service that answers, with clients of it and an auth service that publishes keys. */
export interface ResourceUnderTest extends AsyncDisposable {
  readonly resources: RpcClient<ResourceServiceDefinition>;
  readonly connectors: RpcClient<ConnectorServiceDefinition>;
  readonly service: RunningService;
  readonly platform: TestPlatform;
  readonly assertions: TestAssertions;
  /** What a call of a principal carries. */
  readonly as: (principal?: Partial<Principal>) => Promise<CallOptions>;
}

/** Starts the service as its process would, but for the given parts of its config. */
export async function startResource(
  databaseUrl: string,
  parts: Partial<Config> = {},
  serviceParts: ResourceServiceParts = {},
): Promise<ResourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  const assertions = await testAssertions();
  const auth = stack.use(await startAuth(assertions));
  const platform = testPlatform('resource');
  const config = parseConfig({
    DATABASE_URL: databaseUrl,
    GANTRY_CLUSTER_SECRET: 'a secret for tests, and for nothing else',
    AUTH_ADDRESS: auth.address,
    RESOURCE_GRPC_PORT: '0',
  });
  const service = stack.use(await createResourceService({ ...config, ...parts }, platform, serviceParts));
  const { metrics, tracing } = testPlatform('client');
  const client = { target: service.endpoints['grpc'] ?? '', way: rpcWay(), peer: 'resource', metrics, tracing };
  const resources = stack.use(createRpcClient(ResourceServiceDefinition, client));
  const connectors = stack.use(createRpcClient(ConnectorServiceDefinition, client));
  const open = stack.move();
  return {
    resources,
    connectors,
    service,
    platform,
    assertions,
    as: async (principal) => ({ assertion: await assertions.assertionFor(principal) }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function startAuth(assertions: TestAssertions) {
  const keys = assertions.publishedKeys.map((key) => ({ ...key, expiresAt: undefined }));
  return createRpcServer({
    ...testPlatform('auth'),
    host: '127.0.0.1',
    port: 0,
    verifyCaller: assertions.verifyCaller,
    services: [
      bindService(
        AuthServiceDefinition,
        { ...unimplemented(AuthServiceDefinition), listSigningKeys: async () => ({ keys }) },
        { access: { listSigningKeys: 'anonymous' } },
      ),
    ],
  });
}
