import { parsePermission } from '@gantry/identity';

import type { AdministrationClient } from '../clients/backends.ts';
import { paramsInvalid } from '../errors.ts';
import { type Methods, needs } from './method.ts';
import type { Params } from './params.ts';

const reading = needs('policy', 'read');
const writing = needs('policy', 'write');

/** Creates `roles/*`, `users/*`, `grants/*` and `tenants/*`. That nobody gives away more than they have is auth's to say. */
export function createPolicyMethods(policy: AdministrationClient): Methods {
  return {
    ...createRoleMethods(policy),
    ...createUserMethods(policy),
    ...createTenantMethods(policy),
  };
}

function createRoleMethods(policy: AdministrationClient): Methods {
  return {
    'roles/list': {
      permission: reading,
      async handle(_params, { options }) {
        const { roles } = await policy.listRoles({}, options);
        return JSON.stringify({ roles: roles.map(({ name, permissions }) => ({ name, permissions })) });
      },
    },
    'roles/put': {
      permission: writing,
      targetParam: 'name',
      async handle(params, { options }) {
        const role = { name: params.text('name'), permissions: rolePermissions(params) };
        await policy.putRole({ role }, options);
        return JSON.stringify(role);
      },
    },
    'roles/delete': {
      permission: writing,
      targetParam: 'name',
      async handle(params, { options }) {
        const name = params.text('name');
        await policy.deleteRole({ name }, options);
        return JSON.stringify({ name, deleted: true });
      },
    },
  };
}

function createUserMethods(policy: AdministrationClient): Methods {
  return {
    'users/put': {
      permission: writing,
      targetParam: 'user_id',
      async handle(params, { options }) {
        const userId = params.text('user_id');
        const roles = params.optionalTexts('roles') ?? [];
        const permissions = optionalPermissions(params) ?? [];
        await policy.putUser({ user: { userId, roles, permissions } }, options);
        return JSON.stringify({ user_id: userId, roles, permissions });
      },
    },
    'grants/put': {
      permission: writing,
      targetParam: 'user_id',
      async handle(params, { options }) {
        const grant = toGrant(params);
        await policy.putGrant({ grant }, options);
        return JSON.stringify({ ...fromGrant(grant), granted: true });
      },
    },
    'grants/delete': {
      permission: writing,
      targetParam: 'user_id',
      async handle(params, { options }) {
        const grant = toGrant(params);
        await policy.deleteGrant({ grant }, options);
        return JSON.stringify({ ...fromGrant(grant), deleted: true });
      },
    },
  };
}

/** Tenants are for operators: auth asks for more than the permission. */
function createTenantMethods(policy: AdministrationClient): Methods {
  return {
    'tenants/create': {
      permission: writing,
      targetParam: 'tenant_id',
      async handle(params, { options }) {
        const tenant = {
          tenantId: params.text('tenant_id'),
          displayName: params.optionalText('display_name') ?? '',
        };
        const { adminApiKey } = await policy.createTenant({ tenant }, options);
        return JSON.stringify({ ...fromTenant(tenant), admin_api_key: adminApiKey });
      },
    },
    'tenants/list': {
      permission: reading,
      async handle(params, { options }) {
        const page = await policy.listTenants({ pageToken: params.optionalText('cursor') ?? '' }, options);
        return JSON.stringify({
          tenants: page.tenants.map(fromTenant),
          nextCursor: page.nextPageToken || undefined,
        });
      },
    },
  };
}

/** Returns what a role is to hold. Absent is not empty: a slip of the pen would take everything from its holders. */
function rolePermissions(params: Params): readonly string[] {
  const permissions = optionalPermissions(params);
  if (permissions !== undefined) return permissions;
  throw paramsInvalid('params.permissions', 'must be an array of permissions, such as ["tools:read"]; it may be empty');
}

function optionalPermissions(params: Params): readonly string[] | undefined {
  const permissions = params.optionalTexts('permissions');
  const wrong = permissions?.findIndex((text) => parsePermission(text) === undefined) ?? -1;
  if (wrong === -1) return permissions;
  throw paramsInvalid(
    `params.permissions[${wrong}]`,
    'must be a permission, such as "tools:read" or "tools/echo:execute"',
  );
}

interface Grant {
  readonly userId: string;
  readonly resource: string;
  readonly action: string;
}

function toGrant(params: Params): Grant {
  return { userId: params.text('user_id'), resource: params.text('resource'), action: params.text('action') };
}

function fromGrant({ userId, resource, action }: Grant) {
  return { user_id: userId, resource, action };
}

function fromTenant({ tenantId, displayName }: { readonly tenantId: string; readonly displayName: string }) {
  return { tenant_id: tenantId, display_name: displayName };
}
