import { randomBytes } from 'node:crypto';

import { apiKeyIdOf, createServiceTokens, generateApiKey } from '@gantry/identity';
import { createPool, query } from '@gantry/postgres';
import { AuditServiceDefinition } from '@gantry/protocol/gantry/auth/v1/audit_service';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { KeyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/key_service';
import { PolicyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/policy_service';
import { type CallOptions, createRpcClient } from '@gantry/rpc';
import { createTestDatabase, rpcWay, testPlatform } from '@gantry/testkit';

import type { Config } from '../src/config.ts';
import { createAuthService } from '../src/service.ts';

/** One running auth with a client for each of its services. */
export type Replica = Awaited<ReturnType<typeof startReplica>>;

/** A database with one replica of auth on it, and an operator whose key came by bootstrap. */
export type World = Awaited<ReturnType<typeof startWorld>>;

const clusterSecret = randomBytes(32);
const mintServiceToken = createServiceTokens('gateway', clusterSecret, () => Date.now());

/** Starts auth on a free port, with tokens of the gateway for calls that are made for no principal. */
export async function startReplica(overrides: Partial<Config> & Pick<Config, 'databaseUrl'>) {
  await using stack = new AsyncDisposableStack();
  const platform = testPlatform('auth');
  const service = stack.use(
    await createAuthService(
      {
        host: '127.0.0.1',
        port: 0,
        redisUrl: undefined,
        clusterSecret,
        bootstrapApiKey: undefined,
        defaultRequestsPerMinute: 60,
        signingKeyRotationMs: 3_600_000,
        ...overrides,
      },
      platform,
    ),
  );
  const clients = connectTo(service.endpoints['grpc'] ?? '', stack);
  const running = stack.move();
  return { ...clients, platform, service, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Connects to a replica, anew. */
export function connectTo(target: string, stack: AsyncDisposableStack) {
  const { metrics, tracing } = testPlatform('gateway');
  const options = { peer: 'auth', target, way: rpcWay(), metrics, tracing, mintServiceToken };
  const { mintServiceToken: _, ...withoutToken } = options;
  return {
    target,
    auth: stack.use(createRpcClient(AuthServiceDefinition, withoutToken)),
    keys: stack.use(createRpcClient(KeyServiceDefinition, options)),
    policy: stack.use(createRpcClient(PolicyServiceDefinition, options)),
    audit: stack.use(createRpcClient(AuditServiceDefinition, options)),
    /** As above, of somebody who has no token either. */
    stranger: {
      keys: stack.use(createRpcClient(KeyServiceDefinition, withoutToken)),
      policy: stack.use(createRpcClient(PolicyServiceDefinition, withoutToken)),
      audit: stack.use(createRpcClient(AuditServiceDefinition, withoutToken)),
    },
  };
}

/** Starts a world of its own for a test file. */
export async function startWorld(overrides: Partial<Config> = {}) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const { logger, metrics } = testPlatform('test');
  const connection = { connectionString: database.url, applicationName: 'test', logger, metrics };
  const pool = stack.adopt(createPool(connection), (it) => it.end());
  const operatorKey = generateApiKey().secret;
  const config = { databaseUrl: database.url, bootstrapApiKey: operatorKey, ...overrides };
  const replica = stack.use(await startReplica(config));
  const callerOf = createCallers(replica);
  const operator = await callerOf(operatorKey);
  const running = stack.move();
  return {
    ...replica,
    databaseUrl: database.url,
    pool,
    operatorKey,
    operator,
    callerOf,
    createUser: createUsers(replica, { operator, callerOf }),
    sql: (text: string, values: readonly unknown[] = []) => query<Record<string, unknown>>(pool, text, values),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type CallerOf = (apiKey: string) => Promise<CallOptions>;

/** Returns what turns an API key into the options of calls made with it. */
function createCallers({ auth }: Pick<Replica, 'auth'>): CallerOf {
  return async (apiKey) => {
    const { assertion } = await auth.authenticate({ credential: { $case: 'apiKey', value: apiKey } });
    return { assertion };
  };
}

/** Returns what makes a user of the operator's tenant with these permissions and a key, and returns both. */
function createUsers({ policy, keys }: Replica, by: { operator: CallOptions; callerOf: CallerOf }) {
  return async (userId: string, permissions: readonly string[]) => {
    await policy.putUser({ user: { userId, roles: [], permissions } }, by.operator);
    const request = { name: userId, userId, roles: [], lifetime: undefined, requestsPerMinute: undefined };
    const { key, secret } = await keys.createApiKey(request, by.operator);
    return { keyId: key?.keyId ?? '', secret, caller: await by.callerOf(secret) };
  };
}

/** Makes a tenant with an administrator by hand: the contract has no way into a tenant from outside. */
export async function createTenantWithAdmin(world: World, tenantId: string) {
  const tenant = { tenantId, displayName: tenantId };
  const { adminApiKey: secret } = await world.policy.createTenant({ tenant }, world.operator);
  const keyId = apiKeyIdOf(secret) ?? '';
  return { keyId, secret, caller: await world.callerOf(secret) };
}

/** Returns a tampered copy: the last character of the secret changed. */
export function tamper(apiKey: string): string {
  return apiKey.slice(0, -1) + (apiKey.endsWith('A') ? 'B' : 'A');
}

/** A CreateApiKey request with only what matters. */
export function newKey(request: {
  name: string;
  userId?: string;
  roles?: readonly string[];
  requestsPerMinute?: number;
  lifetimeSeconds?: number;
}) {
  const { name, userId = '', roles = [], requestsPerMinute, lifetimeSeconds } = request;
  const lifetime = lifetimeSeconds === undefined ? undefined : { seconds: BigInt(lifetimeSeconds), nanos: 0 };
  return { name, userId, roles, lifetime, requestsPerMinute };
}
