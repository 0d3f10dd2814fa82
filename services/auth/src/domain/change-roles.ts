import type { Principal } from '@gantry/identity';

import { roleBuiltIn, roleNotFound, rolesExhausted } from '../errors.ts';
import { requireNoEscalation, requireNotOutranked } from './escalation.ts';
import type { PolicyStore } from './ports.ts';
import { isBuiltInRole, type Role, ROLES_PER_TENANT_MAX } from './role.ts';
import { requireFits } from './user-permissions.ts';

/** Creates a role or replaces its permissions, which the caller must have: the new ones and the old ones. */
export async function putRole(policy: PolicyStore, caller: Principal, role: Role): Promise<void> {
  if (isBuiltInRole(role.name)) throw roleBuiltIn(role.name);
  requireNoEscalation(caller, role.permissions);
  await policy.change(caller.tenantId, async (tenant) => {
    const [existing] = await tenant.findRoles([role.name]);
    if (existing === undefined && (await tenant.countRoles()) >= ROLES_PER_TENANT_MAX) {
      throw rolesExhausted(ROLES_PER_TENANT_MAX);
    }
    requireNotOutranked(caller, 'role', existing?.permissions ?? []);
    await tenant.putRole(role);
    await requireFits(tenant, { roleName: role.name });
    tenant.announce({ kind: 'tenant_policy_changed' });
  });
}

/** Deletes a role whose permissions the caller has; users who held it lose them. */
export async function deleteRole(policy: PolicyStore, caller: Principal, name: string): Promise<void> {
  if (isBuiltInRole(name)) throw roleBuiltIn(name);
  await policy.change(caller.tenantId, async (tenant) => {
    const [existing] = await tenant.findRoles([name]);
    if (existing === undefined) throw roleNotFound(name);
    requireNotOutranked(caller, 'role', existing.permissions);
    await tenant.deleteRole(name);
    tenant.announce({ kind: 'tenant_policy_changed' });
  });
}
