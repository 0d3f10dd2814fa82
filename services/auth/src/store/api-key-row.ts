import type { ApiKey } from '../domain/api-key.ts';

/** A key as Postgres returns it. */
export interface ApiKeyRow {
  readonly keyId: string;
  readonly name: string;
  readonly userId: string;
  readonly requestsPerMinute: number;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly roles: readonly string[];
}

/** What to select of `auth.api_keys k` for an ApiKeyRow. */
export const API_KEY_COLUMNS = `
  k.key_id as "keyId", k.name, k.user_id as "userId", k.requests_per_minute as "requestsPerMinute",
  k.created_at as "createdAt", k.expires_at as "expiresAt", k.revoked_at as "revokedAt",
  array(
    select ur.role_name from auth.user_roles ur
    where ur.tenant_id = k.tenant_id and ur.user_id = k.user_id order by 1
  ) as roles`;

export function toApiKey({ createdAt, expiresAt, revokedAt, ...rest }: ApiKeyRow): ApiKey {
  return {
    ...rest,
    createdAtMs: createdAt.getTime(),
    expiresAtMs: expiresAt?.getTime(),
    revokedAtMs: revokedAt?.getTime(),
  };
}
