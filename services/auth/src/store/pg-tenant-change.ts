import type { PoolClient } from '@gantry/postgres';

import type { PolicyEvent } from '../domain/policy-event.ts';
import type { TenantChange } from '../domain/ports.ts';
import { createApiKeyChange } from './pg-api-key-change.ts';
import { createRoleChange } from './pg-role-change.ts';
import { createUserChange } from './pg-user-change.ts';

/** Returns one tenant as a use case changes it in a transaction, and what it announced. */
export function createPgTenantChange(client: PoolClient, tenantId: string) {
  const announced: PolicyEvent[] = [];
  const change: TenantChange = {
    ...createRoleChange(client, tenantId),
    ...createUserChange(client, tenantId),
    ...createApiKeyChange(client, tenantId),
    announce: (event) => void announced.push(event),
  };
  return { change, announced };
}
