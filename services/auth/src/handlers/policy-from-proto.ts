import { parsePermission, PERMISSION_CHARACTERS_MAX } from '@gantry/identity';
import type {
  CreateTenantRequest,
  DeleteRoleRequest,
  Grant as ProtoGrant,
  ListTenantsRequest,
  PutRoleRequest,
  PutUserRequest,
} from '@gantry/protocol/gantry/auth/v1/policy_service';

import { PERMISSIONS_PER_ROLE_MAX, type Role } from '../domain/role.ts';
import { DISPLAY_NAME_CHARACTERS_MAX, isTenantId, type Tenant } from '../domain/tenant.ts';
import type { Grant, User } from '../domain/user.ts';
import {
  isPrintable,
  permissionsChecks,
  requireValid,
  roleNameCheck,
  rolesChecks,
  tenantIdRule,
  userIdCheck,
} from './field-checks.ts';

export function tenantFromProto({ tenant }: CreateTenantRequest): Tenant {
  const { tenantId, displayName } = tenant ?? { tenantId: '', displayName: '' };
  const isNameValid = displayName === '' || isPrintable(displayName, DISPLAY_NAME_CHARACTERS_MAX);
  requireValid([
    ['tenant.tenant_id', isTenantId(tenantId), tenantIdRule],
    ['tenant.display_name', isNameValid, `must be at most ${DISPLAY_NAME_CHARACTERS_MAX} printable characters`],
  ]);
  return { tenantId, displayName };
}

/** A page token is the id of the last tenant of the page before; clients are not told. */
export function pageTokenToProto(afterId: string | undefined): string {
  return afterId === undefined ? '' : Buffer.from(afterId).toString('base64url');
}

export function pageTokenFromProto({ pageToken }: ListTenantsRequest): string {
  if (pageToken === '') return '';
  const afterId = Buffer.from(pageToken, 'base64url').toString();
  requireValid([['page_token', isTenantId(afterId), 'must be the next_page_token of an answer, or empty']]);
  return afterId;
}

export function roleFromProto({ role }: PutRoleRequest): Role {
  const { name, permissions } = role ?? { name: '', permissions: [] };
  requireValid([
    roleNameCheck('role.name', name),
    ...permissionsChecks('role.permissions', permissions, PERMISSIONS_PER_ROLE_MAX),
  ]);
  return { name, permissions: distinct(permissions) };
}

export function roleNameFromProto({ name }: DeleteRoleRequest): string {
  requireValid([roleNameCheck('name', name)]);
  return name;
}

export function userFromProto({ user }: PutUserRequest): User {
  const { userId, roles, permissions } = user ?? { userId: '', roles: [], permissions: [] };
  requireValid([
    userIdCheck('user.user_id', userId),
    ...rolesChecks('user.roles', roles),
    ...permissionsChecks('user.permissions', permissions, PERMISSIONS_PER_ROLE_MAX),
  ]);
  return { userId, roles: distinct(roles), permissions: distinct(permissions) };
}

export function grantFromProto(grant: ProtoGrant | undefined): Grant {
  const { userId, resource, action } = grant ?? { userId: '', resource: '', action: '' };
  const permission = parsePermission(`${resource}:${action}`);
  requireValid([
    userIdCheck('grant.user_id', userId),
    [
      'grant',
      permission?.resource === resource && permission.action === action,
      `must have a resource such as tools/echo and an action such as execute, of ${PERMISSION_CHARACTERS_MAX} characters at most`,
    ],
  ]);
  return { userId, resource, action };
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
