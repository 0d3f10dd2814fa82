import type { Principal } from '@gantry/identity';

import { roleBuiltIn, roleNotFound, rolesExhausted } from '../errors.ts';
import { requireNoEscalation } from './escalation.ts';
import type { PolicyStore } from './ports.ts';
import { isBuiltInRole, type Role, ROLES_PER_TENANT_MAX } from './role.ts';
import { requireFits } from './user-permissions.ts';

/** Creates a role or replaces its permissions. */
export async function putRole(policy: PolicyStore, caller: Principal, role: Role): Promise<void> {
  if (isBuiltInRole(role.name)) throw roleBuiltIn(role.name);
  requireNoEscalation(caller, role.permissions);
  await policy.change(caller.tenantId, async (tenant) => {
    const [existing] = await tenant.findRoles([role.name]);
    if (existing === undefined && (await tenant.countRoles()) >= ROLES_PER_TENANT_MAX) {
      throw rolesExhausted(ROLES_PER_TENANT_MAX);
    }
    await tenant.putRole(role);
    await requireFits(tenant, { roleName: role.name });
    tenant.announce({ kind: 'tenant_policy_changed' });
  });
}

/** Deletes a role; users who held it lose its permissions. */
export async function deleteRole(policy: PolicyStore, caller: Principal, name: string): Promise<void> {
  if (isBuiltInRole(name)) throw roleBuiltIn(name);
  await policy.change(caller.tenantId, async (tenant) => {
    if (!(await tenant.deleteRole(name))) throw roleNotFound(name);
    tenant.announce({ kind: 'tenant_policy_changed' });
  });
}
