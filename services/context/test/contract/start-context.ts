import type { Principal } from '@gantry/identity';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import { DocumentServiceDefinition } from '@gantry/protocol/gantry/context/v1/document_service';
import { PromptServiceDefinition } from '@gantry/protocol/gantry/context/v1/prompt_service';
import { bindService, type CallOptions, createRpcClient, createRpcServer, unimplemented } from '@gantry/rpc';
import { createTestDatabase, rpcWay, testAssertions, testPlatform } from '@gantry/testkit';

import { createContextService } from '../../src/service.ts';

/** The whole context service on a database of its own, with a stand-in for auth that publishes the test's keys. */
export async function startContext() {
  await using stack = new AsyncDisposableStack();
  const platform = testPlatform('context');
  const { logger, metrics, tracing } = platform;
  const assertions = await testAssertions();
  const auth = stack.use(
    await createRpcServer({
      name: 'auth',
      host: '127.0.0.1',
      port: 0,
      services: [
        bindService(
          AuthServiceDefinition,
          {
            ...unimplemented(AuthServiceDefinition),
            listSigningKeys: async () => ({
              keys: assertions.publishedKeys.map((key) => ({ ...key, expiresAt: undefined })),
            }),
          },
          { access: { listSigningKeys: 'anonymous' } },
        ),
      ],
      verifyCaller: assertions.verifyCaller,
      logger,
      metrics: testPlatform('auth').metrics,
      tracing,
    }),
  );
  const database = stack.use(await createTestDatabase());
  const clusterSecret = 'a secret of the tests, 32 characters at least';
  const service = stack.use(
    await createContextService(
      { host: '127.0.0.1', port: 0, databaseUrl: database.url, clusterSecret, authAddress: auth.address },
      platform,
    ),
  );
  const options = { peer: 'context', target: service.endpoints['grpc'] ?? '', way: rpcWay(), metrics, tracing };
  const clients = {
    context: stack.use(createRpcClient(ContextServiceDefinition, options)),
    documents: stack.use(createRpcClient(DocumentServiceDefinition, options)),
    prompts: stack.use(createRpcClient(PromptServiceDefinition, options)),
  };
  const as = async (principal: Partial<Principal> = {}): Promise<CallOptions> => ({
    assertion: await assertions.assertionFor(principal),
  });
  const open = stack.move();
  return { ...clients, as, platform, database, logger, service, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
