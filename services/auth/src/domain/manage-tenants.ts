import { generateApiKey, hashApiKey, type Principal } from '@gantry/identity';

import { tenantExists } from '../errors.ts';
import { requireOperator } from './escalation.ts';
import type { Clock, PolicyStore } from './ports.ts';
import { ADMIN_ROLE, ADMIN_USER, builtInRoles } from './role.ts';
import { type Tenant, TENANTS_PER_PAGE_MAX } from './tenant.ts';

/** Some tenants, and after which one to go on. */
export interface TenantPage {
  readonly tenants: readonly Tenant[];
  /** Undefined at the end. */
  readonly nextAfterId: string | undefined;
}

/** What creating a tenant needs. */
export interface CreateTenantDeps {
  readonly policy: PolicyStore;
  readonly clock: Clock;
  readonly defaultRequestsPerMinute: number;
}

/** Creates a tenant with the built-in roles and an administrator, and returns the administrator's API key. */
export async function createTenant(deps: CreateTenantDeps, caller: Principal, tenant: Tenant): Promise<string> {
  requireOperator(caller);
  const { policy, clock, defaultRequestsPerMinute } = deps;
  if (!(await policy.createTenant(tenant, builtInRoles))) throw tenantExists(tenant.tenantId);
  const { keyId, secret } = generateApiKey();
  await policy.change(tenant.tenantId, async (change) => {
    await change.putUser({ userId: ADMIN_USER, roles: [ADMIN_ROLE], permissions: [] });
    const key = {
      keyId,
      name: 'first key',
      userId: ADMIN_USER,
      requestsPerMinute: defaultRequestsPerMinute,
      createdAtMs: clock.now(),
      expiresAtMs: undefined,
      revokedAtMs: undefined,
      roles: [ADMIN_ROLE],
    };
    await change.insertApiKey(key, hashApiKey(secret));
  });
  return secret;
}

/** Lists tenants by id, those after `afterId`. */
export async function listTenants(policy: PolicyStore, caller: Principal, afterId: string): Promise<TenantPage> {
  requireOperator(caller);
  const found = await policy.listTenants(afterId, TENANTS_PER_PAGE_MAX + 1);
  const tenants = found.slice(0, TENANTS_PER_PAGE_MAX);
  return { tenants, nextAfterId: found.length > tenants.length ? tenants.at(-1)?.tenantId : undefined };
}
