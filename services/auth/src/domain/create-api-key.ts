import { generateApiKey, hashApiKey, type Principal } from '@gantry/identity';

import { apiKeysExhausted } from '../errors.ts';
import { API_KEYS_PER_TENANT_MAX, type ApiKey, type IssuedApiKey } from './api-key.ts';
import { requireMayIssue, requireNoEscalation, slowerOf } from './escalation.ts';
import type { Clock, PolicyStore, TenantChange } from './ports.ts';
import { permissionsOfRoles, requireFits, requireRoomForUser } from './user-permissions.ts';
import type { EffectiveUser } from './user.ts';

/** A key to be made. */
export interface NewApiKey {
  readonly name: string;
  readonly userId: string;
  /** For a user that is new. */
  readonly roles: readonly string[];
  /** Undefined means until it is revoked. */
  readonly lifetimeMs: number | undefined;
  /** Undefined means the default, or the creator's own rate when that is lower; 0 means unlimited. */
  readonly requestsPerMinute: number | undefined;
}

interface Deps {
  readonly policy: PolicyStore;
  readonly clock: Clock;
  readonly defaultRequestsPerMinute: number;
}

/** Creates a key, and its user when it is new. */
export function createApiKey(deps: Deps, caller: Principal, wanted: NewApiKey): Promise<IssuedApiKey> {
  const { policy, clock, defaultRequestsPerMinute } = deps;
  const requestsPerMinute = wanted.requestsPerMinute ?? slowerOf(defaultRequestsPerMinute, caller.requestsPerMinute);
  return policy.change(caller.tenantId, async (tenant) => {
    const user = (await tenant.findUser(wanted.userId)) ?? (await addUser(tenant, caller, wanted));
    requireMayIssue(caller, user.permissions, requestsPerMinute);
    const nowMs = clock.now();
    await requireRoomForApiKey(tenant, nowMs);
    const { keyId, secret } = generateApiKey();
    const key: ApiKey = {
      keyId,
      name: wanted.name,
      userId: wanted.userId,
      requestsPerMinute,
      createdAtMs: nowMs,
      expiresAtMs: wanted.lifetimeMs === undefined ? undefined : nowMs + wanted.lifetimeMs,
      revokedAtMs: undefined,
      roles: user.roles,
    };
    await tenant.insertApiKey(key, hashApiKey(secret));
    return { key, secret };
  });
}

async function addUser(tenant: TenantChange, caller: Principal, { userId, roles }: NewApiKey): Promise<EffectiveUser> {
  const permissions = await permissionsOfRoles(tenant, roles);
  requireNoEscalation(caller, permissions);
  await requireRoomForUser(tenant);
  await tenant.putUser({ userId, roles, permissions: [] });
  await requireFits(tenant, { userId });
  return { roles, directPermissions: [], permissions };
}

async function requireRoomForApiKey(tenant: TenantChange, nowMs: number): Promise<void> {
  if ((await tenant.countApiKeys(nowMs)) >= API_KEYS_PER_TENANT_MAX) throw apiKeysExhausted(API_KEYS_PER_TENANT_MAX);
}
