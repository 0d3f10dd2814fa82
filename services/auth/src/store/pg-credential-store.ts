import { type Pool, query } from '@gantry/postgres';

import type { Credential, CredentialStore } from '../domain/ports.ts';

interface CredentialRow {
  readonly tenantId: string;
  readonly userId: string;
  readonly keyId: string;
  readonly secretHash: Uint8Array;
  readonly previousHash: Uint8Array | null;
  readonly previousUntil: Date | null;
  readonly requestsPerMinute: number;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

const FIND = `
  select k.tenant_id as "tenantId", k.user_id as "userId", k.key_id as "keyId",
    k.secret_hash as "secretHash", k.previous_hash as "previousHash", k.previous_until as "previousUntil",
    k.requests_per_minute as "requestsPerMinute", k.expires_at as "expiresAt", k.revoked_at as "revokedAt",
    array(
      select ur.role_name from auth.user_roles ur
      where ur.tenant_id = k.tenant_id and ur.user_id = k.user_id order by 1
    ) as roles,
    array(
      select e.permission from auth.effective_permissions e
      where e.tenant_id = k.tenant_id and e.user_id = k.user_id order by 1
    ) as permissions
  from auth.api_keys k
  where k.key_id = $1`;

/** Creates the store that authentication reads: one statement, one round trip. */
export function createPgCredentialStore(pool: Pool): CredentialStore {
  return {
    async find(keyId) {
      const { rows } = await query<CredentialRow>(pool, FIND, [keyId]);
      const [row] = rows;
      return row === undefined ? undefined : toCredential(row);
    },
  };
}

function toCredential({ previousHash, previousUntil, expiresAt, revokedAt, ...rest }: CredentialRow): Credential {
  const hasPrevious = previousHash !== null && previousUntil !== null;
  return {
    ...rest,
    previous: hasPrevious ? { secretHash: previousHash, untilMs: previousUntil.getTime() } : undefined,
    expiresAtMs: expiresAt?.getTime(),
    revokedAtMs: revokedAt?.getTime(),
  };
}
