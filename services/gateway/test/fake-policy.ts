import { AppError, type StatusCode } from '@gantry/errors';
import { isAllowed, parsePermission } from '@gantry/identity';
import type { Grant, PolicyServiceDefinition, Role, User } from '@gantry/protocol/gantry/auth/v1/policy_service';
import type { CallContext, Handlers } from '@gantry/rpc';

const BUILT_IN = 'reader';

/** Stands in for the part of auth that keeps roles, users, grants and tenants, with refusals as auth words them. */
export class FakePolicy {
  readonly roles = new Map<string, Role>();
  readonly users = new Map<string, User>();
  readonly grants = new Set<string>();
  readonly tenantNames = new Map<string, string>();

  constructor() {
    this.reset();
  }

  /** Forgets all but one built-in role and one tenant. */
  reset(): void {
    for (const kept of [this.roles, this.users, this.grants, this.tenantNames]) kept.clear();
    this.roles.set(BUILT_IN, { name: BUILT_IN, permissions: ['tools:read'] });
    this.tenantNames.set('default', 'Everybody');
  }

  handlers(): Omit<Handlers<PolicyServiceDefinition>, 'watchPolicy'> {
    return { ...this.#roleHandlers(), ...this.#userHandlers(), ...this.#tenantHandlers() };
  }

  #roleHandlers() {
    return {
      listRoles: async () => ({ roles: [...this.roles.values()] }),
      putRole: async ({ role }: { role: Role | undefined }, { principal }: CallContext) => {
        const { name, permissions } = given(role);
        refuseBuiltIn(name);
        requireHeld(principal, permissions);
        this.roles.set(name, { name, permissions });
        return {};
      },
      deleteRole: async ({ name }: { name: string }) => {
        refuseBuiltIn(name);
        if (!this.roles.delete(name)) throw refusal('NOT_FOUND', 'ROLE_NOT_FOUND', `there is no role named "${name}"`);
        return {};
      },
    };
  }

  #userHandlers() {
    return {
      putUser: async ({ user }: { user: User | undefined }, { principal }: CallContext) => {
        const { userId, roles, permissions } = given(user);
        const missing = roles.find((name) => !this.roles.has(name));
        if (missing !== undefined) throw refusal('NOT_FOUND', 'ROLE_NOT_FOUND', `there is no role named "${missing}"`);
        requireHeld(principal, permissions);
        this.users.set(userId, { userId, roles, permissions });
        return {};
      },
      putGrant: async ({ grant }: { grant: Grant | undefined }, { principal }: CallContext) => {
        const { userId, resource, action } = given(grant);
        if (!this.users.has(userId)) {
          throw refusal('NOT_FOUND', 'USER_NOT_FOUND', `there is no user named "${userId}" in your tenant`);
        }
        requireHeld(principal, [`${resource}:${action}`]);
        this.grants.add(`${userId} ${resource}:${action}`);
        return {};
      },
      deleteGrant: async ({ grant }: { grant: Grant | undefined }) => {
        const { userId, resource, action } = given(grant);
        this.grants.delete(`${userId} ${resource}:${action}`);
        return {};
      },
    };
  }

  #tenantHandlers() {
    return {
      createTenant: async ({ tenant }: { tenant: { tenantId: string; displayName: string } | undefined }) => {
        const { tenantId, displayName } = given(tenant);
        if (this.tenantNames.has(tenantId)) {
          throw refusal('ALREADY_EXISTS', 'TENANT_EXISTS', `there is a tenant named "${tenantId}" already`);
        }
        this.tenantNames.set(tenantId, displayName);
        return { adminApiKey: `key-of-${tenantId}` };
      },
      /** One tenant a page. */
      listTenants: async ({ pageToken }: { pageToken: string }) => {
        const [first, next] = [...this.tenantNames].slice(pageToken === '' ? 0 : Number(pageToken));
        const tenants = first === undefined ? [] : [{ tenantId: first[0], displayName: first[1] }];
        return { tenants, nextPageToken: next === undefined ? '' : String(Number(pageToken) + 1) };
      },
    };
  }
}

function given<T>(message: T | undefined): T {
  if (message === undefined) throw new Error('the gateway left the message out');
  return message;
}

function refuseBuiltIn(name: string): void {
  if (name !== BUILT_IN) return;
  throw refusal('FAILED_PRECONDITION', 'ROLE_BUILT_IN', `the role "${name}" comes with every tenant`);
}

function requireHeld(principal: CallContext['principal'], permissions: readonly string[]): void {
  const missing = permissions.find((text) => {
    const wanted = parsePermission(text);
    return wanted !== undefined && !isAllowed(principal, wanted.resource, wanted.action);
  });
  if (missing === undefined) return;
  throw refusal('PERMISSION_DENIED', 'PERMISSION_ESCALATION', `you cannot give away ${missing}`, {
    requiredPermission: missing,
  });
}

function refusal(code: StatusCode, reason: string, message: string, metadata: Record<string, string> = {}): AppError {
  return new AppError({ code, reason, message, metadata });
}
