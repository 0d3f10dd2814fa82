import { covers, isAllowed, parsePermission, type Permission, type Principal } from '@gantry/identity';

import { operatorsOnly, permissionEscalation } from '../errors.ts';
import { OPERATOR_TENANT } from './tenant.ts';

/**
 * Throws PERMISSION_ESCALATION unless the caller has every one of the permissions. Nobody can make somebody else, or
 * themselves, mightier than they are.
 */
export function requireNoEscalation(caller: Principal, permissions: readonly string[]): void {
  const held = caller.permissions.map(parsePermission).filter((permission) => permission !== undefined);
  const missing = permissions.find((text) => !isCovered(held, parsePermission(text)));
  if (missing !== undefined) throw permissionEscalation(missing);
}

/** Throws unless the caller may hand out a key of these permissions and this rate. */
export function requireMayIssue(caller: Principal, permissions: readonly string[], requestsPerMinute: number): void {
  requireNoEscalation(caller, permissions);
  if (requestsPerMinute === 0) requireNoEscalation(caller, ['*:*']);
}

/** Throws PERMISSION_DENIED unless the caller operates the cluster. */
export function requireOperator(caller: Principal): void {
  if (caller.tenantId !== OPERATOR_TENANT || !isAllowed(caller, '*', '*')) throw operatorsOnly();
}

function isCovered(held: readonly Permission[], wanted: Permission | undefined): boolean {
  // What is no permission grants nothing, so anybody may give it away.
  return wanted === undefined || held.some((permission) => covers(permission, wanted));
}
