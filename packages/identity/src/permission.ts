import { AppError } from '@gantry/errors';

import type { Principal } from './principal.ts';

/** The most characters of a permission: a URI prefix of 2,048 characters, the area and the action fit. */
export const PERMISSION_CHARACTERS_MAX = 2_200;

/** The parts of a permission. */
export interface Permission {
  /** An area such as `tools`, one thing in it such as `tools/echo`, or `*`. */
  readonly resource: string;
  /** What may be done, e.g. `read`, or `*`. */
  readonly action: string;
}

/**
 * Splits `resource:action` at its last colon, so that a resource may hold a URI. Undefined when the text is not a
 * permission.
 */
export function parsePermission(text: string): Permission | undefined {
  if (text.length > PERMISSION_CHARACTERS_MAX) return undefined;
  const colon = text.lastIndexOf(':');
  const resource = text.slice(0, colon);
  const action = text.slice(colon + 1);
  if (colon < 1 || !/^(\*|[a-z][a-z_-]*)$/.test(action) || /[\s\p{Cc}]/u.test(resource)) return undefined;
  return { resource, action };
}

/**
 * Tells whether a principal may do an action on a resource.
 *
 * A permission covers its resource and everything below it: `tools:execute` covers `tools/echo`, and
 * `resources/file:///srv/docs:read` covers `resources/file:///srv/docs/a.md` but not `resources/file:///srv/docs-old`.
 * `*` covers every resource, or every action.
 */
export function isAllowed(principal: Principal, resource: string, action: string): boolean {
  const wanted = { resource, action };
  return heldBy(principal).some((held) => covers(held, wanted));
}

/** The permissions of a principal, parsed once: every request asks for them several times. */
const permissionsByTexts = new WeakMap<readonly string[], readonly Permission[]>();

/** Returns the permissions of a principal; texts that are none are left out. */
export function heldBy({ permissions: texts }: Principal): readonly Permission[] {
  const known = permissionsByTexts.get(texts);
  if (known !== undefined) return known;
  const parsed = texts.map(parsePermission).filter((permission) => permission !== undefined);
  permissionsByTexts.set(texts, parsed);
  return parsed;
}

/** Tells whether whoever has `held` may do what `wanted` says. */
export function covers(held: Permission, wanted: Permission): boolean {
  if (held.action !== '*' && held.action !== wanted.action) return false;
  return held.resource === '*' || isAtOrBelow(held.resource, wanted.resource);
}

/**
 * Throws unless a principal may do an action on a resource.
 *
 * @throws {AppError} PERMISSION_DENIED, with the resource and the required permission in its metadata.
 */
export function requirePermission(principal: Principal, resource: string, action: string): void {
  if (isAllowed(principal, resource, action)) return;
  const requiredPermission = `${resource}:${action}`;
  throw new AppError({
    code: 'PERMISSION_DENIED',
    reason: 'PERMISSION_DENIED',
    message: `this needs the permission ${requiredPermission}; ask an administrator of your tenant for it`,
    metadata: { resource, requiredPermission },
  });
}

/** Compares on a separator: a prefix of characters alone would let `/srv/docs` cover `/srv/docs-old`. */
function isAtOrBelow(held: string, wanted: string): boolean {
  if (!wanted.startsWith(held)) return false;
  return wanted.length === held.length || held.endsWith('/') || wanted[held.length] === '/';
}
