import { createContextService } from '@gantry/context/service';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import { DocumentServiceDefinition } from '@gantry/protocol/gantry/context/v1/document_service';
import { bindService, createRpcClient, createRpcServer, unimplemented } from '@gantry/rpc';
import { testAssertions, testPlatform } from '@gantry/testkit';

/** Starts the context service by itself, behind real gRPC, with a stand-in for auth that only publishes keys. */
export async function startContextAlone(databaseUrl: string) {
  await using stack = new AsyncDisposableStack();
  const { logger, metrics, tracing } = testPlatform('auth');
  const assertions = await testAssertions();
  const keys = assertions.publishedKeys.map((key) => ({ ...key, expiresAt: undefined }));
  const authHandlers = { ...unimplemented(AuthServiceDefinition), listSigningKeys: async () => ({ keys }) };
  const auth = stack.use(
    await createRpcServer({
      name: 'auth',
      host: '127.0.0.1',
      port: 0,
      services: [bindService(AuthServiceDefinition, authHandlers, { access: { listSigningKeys: 'anonymous' } })],
      verifyCaller: assertions.verifyCaller,
      logger,
      metrics,
      tracing,
    }),
  );
  const clusterSecret = Buffer.from(assertions.clusterSecret).toString('hex');
  const config = { host: '127.0.0.1', port: 0, databaseUrl, clusterSecret, authAddress: auth.address };
  const service = stack.use(await createContextService(config, testPlatform('context')));
  const options = { peer: 'context', target: service.endpoints['grpc'] ?? '', metrics, tracing };
  const context = stack.use(createRpcClient(ContextServiceDefinition, options));
  const documents = stack.use(createRpcClient(DocumentServiceDefinition, options));
  const open = stack.move();
  return {
    context,
    documents,
    assertion: () => assertions.assertionFor(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
