import type { FieldViolation } from '@gantry/errors';
import { parsePermission, PERMISSION_CHARACTERS_MAX } from '@gantry/identity';

import { isRoleName } from '../domain/tenant.ts';
import { isUserId, ROLES_PER_USER_MAX } from '../domain/user.ts';
import { requestInvalid } from '../errors.ts';

/** A rule for a field, and what to say when it is broken. */
export type FieldCheck = readonly [field: string, isValid: boolean, description: string];

/** Throws AUTH_REQUEST_INVALID with every broken rule. */
export function requireValid(checks: readonly FieldCheck[]): void {
  const violations = checks
    .filter(([, isValid]) => !isValid)
    .map(([field, , description]): FieldViolation => ({ field, description }));
  if (violations.length > 0) throw requestInvalid(violations);
}

export const tenantIdRule = 'must be 1 to 63 of a-z, 0-9 and -, starting with a letter';

export function userIdCheck(field: string, userId: string): FieldCheck {
  return [field, isUserId(userId), 'must be 1 to 200 characters without white space'];
}

export function roleNameCheck(field: string, name: string): FieldCheck {
  return [field, isRoleName(name), 'must be 1 to 63 of a-z, 0-9 and -, starting with a letter'];
}

/** Checks the roles given to a user. */
export function rolesChecks(field: string, roles: readonly string[]): readonly FieldCheck[] {
  return [
    [field, roles.length <= ROLES_PER_USER_MAX, `must be at most ${ROLES_PER_USER_MAX} roles`],
    ...roles.slice(0, ROLES_PER_USER_MAX).map((name, index) => roleNameCheck(`${field}[${index}]`, name)),
  ];
}

/** Checks a list of permissions. */
export function permissionsChecks(
  field: string,
  permissions: readonly string[],
  permissionsMax: number,
): readonly FieldCheck[] {
  return [
    [field, permissions.length <= permissionsMax, `must be at most ${permissionsMax} permissions`],
    ...permissions
      .slice(0, permissionsMax)
      .map((text, index): FieldCheck => [
        `${field}[${index}]`,
        parsePermission(text) !== undefined,
        `must be a permission such as tools:read, of at most ${PERMISSION_CHARACTERS_MAX} characters`,
      ]),
  ];
}

/** Tells whether a text is of 1 to `charactersMax` characters, none of them a control character. */
export function isPrintable(text: string, charactersMax: number): boolean {
  return text.length > 0 && text.length <= charactersMax && !/\p{Cc}/u.test(text);
}
