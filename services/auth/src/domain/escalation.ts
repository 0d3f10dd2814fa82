import { covers, isAllowed, parsePermission, type Permission, type Principal } from '@gantry/identity';

import { operatorsOnly, permissionEscalation, rateEscalation, targetOutranksCaller } from '../errors.ts';
import { OPERATOR_TENANT } from './tenant.ts';

/**
 * Throws PERMISSION_ESCALATION unless the caller has every one of the permissions. Nobody can make somebody else, or
 * themselves, mightier than they are.
 */
export function requireNoEscalation(caller: Principal, permissions: readonly string[]): void {
  const missing = findMissing(caller, permissions);
  if (missing !== undefined) throw permissionEscalation(missing);
}

/**
 * Throws PERMISSION_ESCALATION unless the caller has every permission of what they are about to change or to end. Nobody
 * can disarm somebody who is mightier than they are.
 */
export function requireNotOutranked(caller: Principal, target: 'user' | 'role', permissions: readonly string[]): void {
  const missing = findMissing(caller, permissions);
  if (missing !== undefined) throw targetOutranksCaller(target, missing);
}

/**
 * Throws unless the caller may hand out a key of these permissions and this rate: at most their own rate, or any with
 * `*:*`, because somebody has to be able to raise one.
 */
export function requireMayIssue(caller: Principal, permissions: readonly string[], requestsPerMinute: number): void {
  requireNoEscalation(caller, permissions);
  const isRateCovered = slowerOf(requestsPerMinute, caller.requestsPerMinute) === requestsPerMinute;
  if (isRateCovered || isAllowed(caller, '*', '*')) return;
  throw rateEscalation(requestsPerMinute, caller.requestsPerMinute);
}

/** Returns the lower of two rates in requests per minute, of which 0 is unlimited. */
export function slowerOf(a: number, b: number): number {
  if (a === 0 || b === 0) return Math.max(a, b);
  return Math.min(a, b);
}

/** Throws PERMISSION_DENIED unless the caller operates the cluster. */
export function requireOperator(caller: Principal): void {
  if (caller.tenantId !== OPERATOR_TENANT || !isAllowed(caller, '*', '*')) throw operatorsOnly();
}

/** Finds a permission that the caller lacks. */
function findMissing(caller: Principal, permissions: readonly string[]): string | undefined {
  const held = caller.permissions.map(parsePermission).filter((permission) => permission !== undefined);
  return permissions.find((text) => !isCovered(held, parsePermission(text)));
}

function isCovered(held: readonly Permission[], wanted: Permission | undefined): boolean {
  // What is no permission grants nothing, so anybody may give it away.
  return wanted === undefined || held.some((permission) => covers(permission, wanted));
}
