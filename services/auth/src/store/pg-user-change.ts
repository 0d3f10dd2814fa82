import type { PoolClient } from '@gantry/postgres';

import type { TenantChange } from '../domain/ports.ts';
import type { EffectiveUser, Grant, User } from '../domain/user.ts';
import { countRows } from './count-rows.ts';

type UserChange = Pick<
  TenantChange,
  'findUser' | 'countUsers' | 'putUser' | 'putGrant' | 'deleteGrant' | 'findUserOver'
>;

const FIND = `
  select
    array(
      select ur.role_name from auth.user_roles ur
      where ur.tenant_id = u.tenant_id and ur.user_id = u.user_id order by 1
    ) as roles,
    u.permissions as "directPermissions",
    array(
      select e.permission from auth.effective_permissions e
      where e.tenant_id = u.tenant_id and e.user_id = u.user_id order by 1
    ) as permissions
  from auth.users u
  where u.tenant_id = $1 and u.user_id = $2`;

// Counts as JSON.stringify would: each text quoted and escaped, with a comma. $3 narrows to one user, $4 to a role's holders.
const FIND_OVER = `
  select u.user_id as "userId"
  from auth.users u
  where u.tenant_id = $1
    and ($3::text is null or u.user_id = $3)
    and ($4::text is null or exists (
      select from auth.user_roles ur
      where ur.tenant_id = u.tenant_id and ur.user_id = u.user_id and ur.role_name = $4
    ))
    and octet_length(to_json(u.user_id)::text)
      + (
        select coalesce(sum(octet_length(to_json(ur.role_name)::text) + 1), 0) from auth.user_roles ur
        where ur.tenant_id = u.tenant_id and ur.user_id = u.user_id
      )
      + (
        select coalesce(sum(octet_length(to_json(e.permission)::text) + 1), 0) from auth.effective_permissions e
        where e.tenant_id = u.tenant_id and e.user_id = u.user_id
      ) > $2
  limit 1`;

export function createUserChange(client: PoolClient, tenantId: string): UserChange {
  return {
    async findUser(userId) {
      const { rows } = await client.query<EffectiveUser>(FIND, [tenantId, userId]);
      return rows[0];
    },

    countUsers: () => countRows(client, 'from auth.users where tenant_id = $1', [tenantId]),

    putUser: (user) => putUser(client, tenantId, user),

    async putGrant({ userId, resource, action }) {
      await client.query(
        `insert into auth.grants (tenant_id, user_id, resource, action) values ($1, $2, $3, $4)
         on conflict (tenant_id, user_id, resource, action) do nothing`,
        [tenantId, userId, resource, action],
      );
    },

    deleteGrant: (grant) => deleteGrant(client, tenantId, grant),

    async findUserOver(bytesMax, who) {
      const userId = 'userId' in who ? who.userId : null;
      const roleName = 'roleName' in who ? who.roleName : null;
      const { rows } = await client.query<{ userId: string }>(FIND_OVER, [tenantId, bytesMax, userId, roleName]);
      return rows[0]?.userId;
    },
  };
}

async function putUser(client: PoolClient, tenantId: string, { userId, roles, permissions }: User): Promise<void> {
  await client.query(
    `insert into auth.users (tenant_id, user_id, permissions, created_at) values ($1, $2, $3, now())
     on conflict (tenant_id, user_id) do update set permissions = excluded.permissions`,
    [tenantId, userId, permissions],
  );
  await client.query('delete from auth.user_roles where tenant_id = $1 and user_id = $2', [tenantId, userId]);
  await client.query(
    'insert into auth.user_roles (tenant_id, user_id, role_name) select $1, $2, role from unnest($3::text[]) as r (role)',
    [tenantId, userId, roles],
  );
}

async function deleteGrant(client: PoolClient, tenantId: string, { userId, resource, action }: Grant): Promise<void> {
  await client.query(
    'delete from auth.grants where tenant_id = $1 and user_id = $2 and resource = $3 and action = $4',
    [tenantId, userId, resource, action],
  );
}
