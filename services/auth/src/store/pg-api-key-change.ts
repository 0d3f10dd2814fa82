import type { PoolClient } from '@gantry/postgres';

import type { TenantChange } from '../domain/ports.ts';
import { API_KEY_COLUMNS, type ApiKeyRow, toApiKey } from './api-key-row.ts';
import { countRows } from './count-rows.ts';

type ApiKeyChange = Pick<
  TenantChange,
  'findApiKey' | 'countApiKeys' | 'hasApiKeyWith' | 'insertApiKey' | 'replaceSecret' | 'revokeApiKey'
>;

const HAS_WITH = `
  select from auth.api_keys k
  where k.tenant_id = $1 and k.key_id <> $2 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $3)
    and exists (
      select from auth.effective_permissions e
      where e.tenant_id = k.tenant_id and e.user_id = k.user_id and e.permission = $4
    )
  limit 1`;

export function createApiKeyChange(client: PoolClient, tenantId: string): ApiKeyChange {
  return {
    async findApiKey(keyId) {
      const { rows } = await client.query<ApiKeyRow>(
        `select ${API_KEY_COLUMNS} from auth.api_keys k where k.tenant_id = $1 and k.key_id = $2`,
        [tenantId, keyId],
      );
      return rows[0] === undefined ? undefined : toApiKey(rows[0]);
    },

    countApiKeys: (nowMs) =>
      countRows(
        client,
        'from auth.api_keys where tenant_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)',
        [tenantId, new Date(nowMs)],
      ),

    async hasApiKeyWith({ permission, exceptKeyId, nowMs }) {
      const { rowCount } = await client.query(HAS_WITH, [tenantId, exceptKeyId, new Date(nowMs), permission]);
      return rowCount === 1;
    },

    async insertApiKey(key, secretHash) {
      await client.query(
        `insert into auth.api_keys
           (tenant_id, key_id, user_id, name, secret_hash, requests_per_minute, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          tenantId,
          key.keyId,
          key.userId,
          key.name,
          secretHash,
          key.requestsPerMinute,
          new Date(key.createdAtMs),
          key.expiresAtMs === undefined ? null : new Date(key.expiresAtMs),
        ],
      );
    },

    async replaceSecret(keyId, secretHash, previousUntilMs) {
      await client.query(
        `update auth.api_keys set
           previous_hash = case when $4::timestamptz is null then null else secret_hash end,
           previous_until = $4,
           secret_hash = $3
         where tenant_id = $1 and key_id = $2`,
        [tenantId, keyId, secretHash, previousUntilMs === undefined ? null : new Date(previousUntilMs)],
      );
    },

    async revokeApiKey(keyId, nowMs) {
      await client.query('update auth.api_keys set revoked_at = $3 where tenant_id = $1 and key_id = $2', [
        tenantId,
        keyId,
        new Date(nowMs),
      ]);
    },
  };
}
