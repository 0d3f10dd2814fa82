import { requirePermission } from '@gantry/identity';
import type { PolicyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/policy_service';
import type { Handlers } from '@gantry/rpc';

import { deleteRole, putRole } from '../domain/change-roles.ts';
import { deleteGrant, putGrant, putUser } from '../domain/change-users.ts';
import { createTenant, listTenants } from '../domain/manage-tenants.ts';
import type { PolicyFeed } from '../domain/policy-feed.ts';
import type { Clock, PolicyStore } from '../domain/ports.ts';
import {
  grantFromProto,
  pageTokenFromProto,
  pageTokenToProto,
  roleFromProto,
  roleNameFromProto,
  tenantFromProto,
  userFromProto,
} from './policy-from-proto.ts';
import { createWatchPolicy } from './watch-policy.ts';

/** What the handlers of PolicyService need. */
export interface PolicyHandlersOptions {
  readonly policy: PolicyStore;
  readonly feed: PolicyFeed;
  readonly clock: Clock;
  /** Of the first key of a new tenant. */
  readonly defaultRequestsPerMinute: number;
}

export function createPolicyHandlers({
  policy,
  feed,
  clock,
  defaultRequestsPerMinute,
}: PolicyHandlersOptions): Handlers<PolicyServiceDefinition> {
  return {
    watchPolicy: createWatchPolicy(feed),

    // Tenants have a rule of their own, which needs more than a permission.
    async createTenant(request, { principal }) {
      const adminApiKey = await createTenant(
        { policy, clock, defaultRequestsPerMinute },
        principal,
        tenantFromProto(request),
      );
      return { adminApiKey };
    },

    async listTenants(request, { principal }) {
      const { tenants, nextAfterId } = await listTenants(policy, principal, pageTokenFromProto(request));
      return { tenants, nextPageToken: pageTokenToProto(nextAfterId) };
    },

    async putRole(request, { principal }) {
      requirePermission(principal, 'policy', 'write');
      await putRole(policy, principal, roleFromProto(request));
      return {};
    },

    async listRoles(_request, { principal }) {
      requirePermission(principal, 'policy', 'read');
      return { roles: await policy.listRoles(principal.tenantId) };
    },

    async deleteRole(request, { principal }) {
      requirePermission(principal, 'policy', 'write');
      await deleteRole(policy, principal, roleNameFromProto(request));
      return {};
    },

    async putUser(request, { principal }) {
      requirePermission(principal, 'policy', 'write');
      await putUser(policy, principal, userFromProto(request));
      return {};
    },

    async putGrant({ grant }, { principal }) {
      requirePermission(principal, 'policy', 'write');
      await putGrant(policy, principal, grantFromProto(grant));
      return {};
    },

    async deleteGrant({ grant }, { principal }) {
      requirePermission(principal, 'policy', 'write');
      await deleteGrant(policy, principal, grantFromProto(grant));
      return {};
    },
  };
}
