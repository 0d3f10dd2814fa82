import type { Principal } from '@gantry/identity';

import { userNotFound } from '../errors.ts';
import { requireNoEscalation, requireNotOutranked } from './escalation.ts';
import type { PolicyStore } from './ports.ts';
import { permissionsOfRoles, requireFits, requireRoomForUser } from './user-permissions.ts';
import type { Grant, User } from './user.ts';

/** Creates a user, or replaces the roles and direct permissions of one who may do no more than the caller. Grants stay. */
export function putUser(policy: PolicyStore, caller: Principal, user: User): Promise<void> {
  return policy.change(caller.tenantId, async (tenant) => {
    requireNoEscalation(caller, [...user.permissions, ...(await permissionsOfRoles(tenant, user.roles))]);
    const existing = await tenant.findUser(user.userId);
    if (existing === undefined) await requireRoomForUser(tenant);
    else requireNotOutranked(caller, 'user', existing.permissions);
    await tenant.putUser(user);
    await requireFits(tenant, { userId: user.userId });
    tenant.announce({ kind: 'tenant_policy_changed' });
  });
}

/** Allows a user, who may do no more than the caller, an action on one resource. */
export async function putGrant(policy: PolicyStore, caller: Principal, grant: Grant): Promise<void> {
  requireNoEscalation(caller, [`${grant.resource}:${grant.action}`]);
  await policy.change(caller.tenantId, async (tenant) => {
    const existing = await tenant.findUser(grant.userId);
    if (existing === undefined) throw userNotFound(grant.userId);
    requireNotOutranked(caller, 'user', existing.permissions);
    await tenant.putGrant(grant);
    await requireFits(tenant, { userId: grant.userId });
    tenant.announce({ kind: 'tenant_policy_changed' });
  });
}

/** Takes a grant back, if it is there, from a user who may do no more than the caller. */
export function deleteGrant(policy: PolicyStore, caller: Principal, grant: Grant): Promise<void> {
  return policy.change(caller.tenantId, async (tenant) => {
    const existing = await tenant.findUser(grant.userId);
    requireNotOutranked(caller, 'user', existing?.permissions ?? []);
    await tenant.deleteGrant(grant);
    tenant.announce({ kind: 'tenant_policy_changed' });
  });
}
