import { type Pool, type PoolClient, query, withTransaction } from '@gantry/postgres';

import type { PolicyStore } from '../domain/ports.ts';
import type { Role } from '../domain/role.ts';
import type { Tenant } from '../domain/tenant.ts';
import { tenantNotFound } from '../errors.ts';
import { API_KEY_COLUMNS, type ApiKeyRow, toApiKey } from './api-key-row.ts';
import { insertPolicyEvents } from './pg-policy-event-store.ts';
import { createPgTenantChange } from './pg-tenant-change.ts';

/** What the store needs. */
export interface PgPolicyStoreOptions {
  readonly pool: Pool;
  /** Is called when a change that gateways have to know is committed. */
  readonly onAnnounced: () => void;
}

/** Creates the store of tenants and what is in them. */
export function createPgPolicyStore({ pool, onAnnounced }: PgPolicyStoreOptions): PolicyStore {
  return {
    createTenant: (tenant, roles) => withTransaction(pool, (client) => insertTenant(client, tenant, roles)),

    async listTenants(afterId, limit) {
      const { rows } = await query<Tenant>(pool, LIST_TENANTS, [afterId, limit]);
      return rows;
    },

    async listRoles(tenantId) {
      const { rows } = await query<Role>(pool, LIST_ROLES, [tenantId]);
      return rows;
    },

    async listApiKeys(tenantId, limit) {
      const { rows } = await query<ApiKeyRow>(pool, LIST_API_KEYS, [tenantId, limit]);
      return rows.map(toApiKey);
    },

    async change(tenantId, use) {
      const { result, isAnnounced } = await withTransaction(pool, async (client) => {
        await lockTenant(client, tenantId);
        const { change, announced } = createPgTenantChange(client, tenantId);
        const used = await use(change);
        // Last, because it makes the changes of all tenants wait for each other until the commit.
        await insertPolicyEvents(client, tenantId, announced);
        return { result: used, isAnnounced: announced.length > 0 };
      });
      if (isAnnounced) onAnnounced();
      return result;
    },
  };
}

const LIST_TENANTS = `
  select tenant_id as "tenantId", display_name as "displayName" from auth.tenants
  where tenant_id > $1 order by tenant_id limit $2`;

const LIST_ROLES = 'select name, permissions from auth.roles where tenant_id = $1 order by name';

const LIST_API_KEYS = `
  select ${API_KEY_COLUMNS} from auth.api_keys k
  where k.tenant_id = $1 order by k.created_at desc, k.key_id limit $2`;

async function insertTenant(
  client: PoolClient,
  { tenantId, displayName }: Tenant,
  roles: readonly Role[],
): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into auth.tenants (tenant_id, display_name, created_at) values ($1, $2, now())
     on conflict (tenant_id) do nothing`,
    [tenantId, displayName],
  );
  if (rowCount === 0) return false;
  for (const { name, permissions } of roles) {
    await client.query('insert into auth.roles (tenant_id, name, permissions) values ($1, $2, $3)', [
      tenantId,
      name,
      permissions,
    ]);
  }
  return true;
}

/** Changes of one tenant wait here for each other. Foreign key checks on the tenant do not. */
async function lockTenant(client: PoolClient, tenantId: string): Promise<void> {
  const { rows } = await client.query('select 1 from auth.tenants where tenant_id = $1 for no key update', [tenantId]);
  if (rows.length === 0) throw tenantNotFound(tenantId);
}
