import { heldBy, isAllowed, type Principal } from '@gantry/identity';

import { permissionDenied } from '../errors.ts';
import type { MethodPermission } from '../methods/method.ts';

/**
 * Checks that a principal may call a method. Of methods that are about one thing, such as a tool, it checks that the principal
 * may use anything of the kind: the service behind looks at the thing itself, and hides it from those who may not.
 *
 * @throws {AppError} PERMISSION_DENIED.
 */
export function authorise(permission: MethodPermission | undefined, principal: Principal): void {
  if (permission === undefined) return;
  const { area, actions, isPerThing } = permission;
  const isEnough = isPerThing ? mayWithAnyOf : isAllowed;
  if (!actions.some((action) => isEnough(principal, area, action))) throw permissionDenied(area, actions[0] ?? '*');
}

function mayWithAnyOf(principal: Principal, area: string, action: string): boolean {
  return heldBy(principal).some((held) => {
    if (held.action !== '*' && held.action !== action) return false;
    return held.resource === '*' || held.resource === area || held.resource.startsWith(`${area}/`);
  });
}
