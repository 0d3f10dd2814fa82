import { permissionsTooLarge, roleNotFound, usersExhausted } from '../errors.ts';
import type { TenantChange } from './ports.ts';
import { PRINCIPAL_BYTES_MAX, USERS_PER_TENANT_MAX } from './user.ts';

/**
 * Returns the permissions of roles, each once.
 *
 * @throws {AppError} ROLE_NOT_FOUND for the first that does not exist.
 */
export async function permissionsOfRoles(tenant: TenantChange, names: readonly string[]): Promise<readonly string[]> {
  const roles = await tenant.findRoles(names);
  const missing = names.find((name) => !roles.some((role) => role.name === name));
  if (missing !== undefined) throw roleNotFound(missing);
  return [...new Set(roles.flatMap((role) => role.permissions))];
}

/** Throws PERMISSIONS_TOO_LARGE when what a user, or a holder of a role, may do no longer fits into an assertion. */
export async function requireFits(
  tenant: TenantChange,
  who: { readonly userId: string } | { readonly roleName: string },
): Promise<void> {
  const userId = await tenant.findUserOver(PRINCIPAL_BYTES_MAX, who);
  if (userId !== undefined) throw permissionsTooLarge(userId, PRINCIPAL_BYTES_MAX);
}

/** Throws USERS_EXHAUSTED when a tenant cannot have one more user. */
export async function requireRoomForUser(tenant: TenantChange): Promise<void> {
  if ((await tenant.countUsers()) >= USERS_PER_TENANT_MAX) throw usersExhausted(USERS_PER_TENANT_MAX);
}
