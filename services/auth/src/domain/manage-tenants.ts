import type { Principal } from '@gantry/identity';

import { tenantExists } from '../errors.ts';
import { requireOperator } from './escalation.ts';
import type { PolicyStore } from './ports.ts';
import { builtInRoles } from './role.ts';
import { type Tenant, TENANTS_PER_PAGE_MAX } from './tenant.ts';

/** Some tenants, and after which one to go on. */
export interface TenantPage {
  readonly tenants: readonly Tenant[];
  /** Undefined at the end. */
  readonly nextAfterId: string | undefined;
}

/** Creates a tenant with the built-in roles. */
export async function createTenant(policy: PolicyStore, caller: Principal, tenant: Tenant): Promise<void> {
  requireOperator(caller);
  if (!(await policy.createTenant(tenant, builtInRoles))) throw tenantExists(tenant.tenantId);
}

/** Lists tenants by id, those after `afterId`. */
export async function listTenants(policy: PolicyStore, caller: Principal, afterId: string): Promise<TenantPage> {
  requireOperator(caller);
  const found = await policy.listTenants(afterId, TENANTS_PER_PAGE_MAX + 1);
  const tenants = found.slice(0, TENANTS_PER_PAGE_MAX);
  return { tenants, nextAfterId: found.length > tenants.length ? tenants.at(-1)?.tenantId : undefined };
}
