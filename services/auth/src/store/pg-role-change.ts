import type { PoolClient } from '@gantry/postgres';

import type { TenantChange } from '../domain/ports.ts';
import type { Role } from '../domain/role.ts';
import { countRows } from './count-rows.ts';

type RoleChange = Pick<TenantChange, 'findRoles' | 'countRoles' | 'putRole' | 'deleteRole'>;

export function createRoleChange(client: PoolClient, tenantId: string): RoleChange {
  return {
    async findRoles(names) {
      if (names.length === 0) return [];
      const { rows } = await client.query<Role>(
        'select name, permissions from auth.roles where tenant_id = $1 and name = any($2)',
        [tenantId, names],
      );
      return rows;
    },

    countRoles: () => countRows(client, 'from auth.roles where tenant_id = $1', [tenantId]),

    async putRole({ name, permissions }) {
      await client.query(
        `insert into auth.roles (tenant_id, name, permissions) values ($1, $2, $3)
         on conflict (tenant_id, name) do update set permissions = excluded.permissions`,
        [tenantId, name, permissions],
      );
    },

    async deleteRole(name) {
      await client.query('delete from auth.roles where tenant_id = $1 and name = $2', [tenantId, name]);
    },
  };
}
