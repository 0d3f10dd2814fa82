import { createServiceTokens } from '@gantry/identity';
import { AuditServiceDefinition } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { KeyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/key_service';
import { PolicyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/policy_service';
import { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import { DocumentServiceDefinition } from '@gantry/protocol/gantry/context/v1/document_service';
import {
  ResourceServiceDefinition,
  type WatchResourceRequest,
  type WatchResourceResponse,
} from '@gantry/protocol/gantry/resource/v1/resource_service';
import { ToolServiceDefinition } from '@gantry/protocol/gantry/tool/v1/tool_service';
import {
  type CallOptions,
  type Client,
  createRpcClient,
  type Definition,
  openRpcConnection,
  type RpcClient,
  withEncodedRequests,
} from '@gantry/rpc';
import type { ServicePlatform } from '@gantry/runtime';
import { systemClock } from '@gantry/telemetry';

import type { Config } from '../config.ts';

/** Establishes principals. */
export type AuthClient = Pick<Client<typeof AuthServiceDefinition>, 'authenticate'>;
/** Tells of revocations. */
export type PolicyClient = Pick<Client<typeof PolicyServiceDefinition>, 'watchPolicy'>;
/** Keeps roles, users, grants and tenants. */
export type AdministrationClient = Pick<
  Client<typeof PolicyServiceDefinition>,
  'listRoles' | 'putRole' | 'deleteRole' | 'putUser' | 'putGrant' | 'deleteGrant' | 'createTenant' | 'listTenants'
>;
/** Keeps API keys. */
export type KeyClient = Pick<
  Client<typeof KeyServiceDefinition>,
  'createApiKey' | 'listApiKeys' | 'rotateApiKey' | 'revokeApiKey'
>;
/** AuditService with batches as bytes: the spool encodes events when they are made. */
const auditDefinition = withEncodedRequests(AuditServiceDefinition, 'appendAuditEvents');
/** Keeps the audit log. */
export type AuditClient = Pick<Client<typeof auditDefinition>, 'appendAuditEvents' | 'queryAuditEvents'>;
/** Finds context and keeps sessions. */
export type ContextClient = Pick<
  Client<typeof ContextServiceDefinition>,
  'getContext' | 'search' | 'listSources' | 'appendSessionContext' | 'getSessionContext' | 'deleteSessionContext'
>;
/** Keeps documents. */
export type DocumentClient = Pick<
  Client<typeof DocumentServiceDefinition>,
  'upsertDocuments' | 'deleteDocuments' | 'listDocuments'
>;
/** Lists and calls tools. */
export type ToolClient = Pick<Client<typeof ToolServiceDefinition>, 'listTools' | 'getTool' | 'callTool'>;
/** Reads, lists and watches resources. */
export type ResourceClient = Pick<
  Client<typeof ResourceServiceDefinition>,
  'listResources' | 'listResourceTemplates' | 'readResource'
> & {
  readonly watchResource: (
    request: WatchResourceRequest,
    options?: CallOptions,
  ) => AsyncIterable<WatchResourceResponse>;
};

/** What the gateway calls. */
export interface Backends extends Disposable {
  readonly auth: AuthClient;
  readonly policy: PolicyClient & AdministrationClient;
  readonly keys: KeyClient;
  readonly audit: AuditClient;
  readonly context: ContextClient;
  readonly documents: DocumentClient;
  readonly tools: ToolClient;
  readonly resources: ResourceClient;
}

/** Creates the clients of all services: one connection to each service, however many clients it has. */
export function createBackends(config: Config, { metrics, tracing }: ServicePlatform): Backends {
  const stack = new DisposableStack();
  const mintServiceToken = createServiceTokens('gateway', config.clusterSecret, () => systemClock.now());
  const peerAt = (peer: string, target: string) => {
    const connection = stack.use(openRpcConnection({ peer, target, metrics }));
    return <D extends Definition>(definition: D): RpcClient<D> =>
      stack.use(createRpcClient(definition, { peer, target: connection, metrics, tracing, mintServiceToken }));
  };
  const auth = peerAt('auth', config.authAddress);
  const context = peerAt('context', config.contextAddress);
  return {
    auth: auth(AuthServiceDefinition),
    policy: auth(PolicyServiceDefinition),
    keys: auth(KeyServiceDefinition),
    audit: auth(auditDefinition),
    context: context(ContextServiceDefinition),
    documents: context(DocumentServiceDefinition),
    tools: peerAt('tool', config.toolAddress)(ToolServiceDefinition),
    resources: peerAt('resource', config.resourceAddress)(ResourceServiceDefinition),
    [Symbol.dispose]: () => stack.dispose(),
  };
}
