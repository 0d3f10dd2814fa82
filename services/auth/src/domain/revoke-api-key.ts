import type { Principal } from '@gantry/identity';

import { apiKeyNotFound, lastAdminKey } from '../errors.ts';
import { type ApiKey, isEnded } from './api-key.ts';
import { requireNotOutranked } from './escalation.ts';
import type { Clock, PolicyStore, TenantChange } from './ports.ts';
import { OPERATOR_TENANT } from './tenant.ts';

interface Deps {
  readonly policy: PolicyStore;
  readonly clock: Clock;
}

const EVERYTHING = '*:*';

/**
 * Ends a key for good: one's own, or one of a user who may do no more than the caller. Revoking a revoked key succeeds,
 * and tells the gateways again.
 */
export function revokeApiKey({ policy, clock }: Deps, caller: Principal, keyId: string): Promise<void> {
  return policy.change(caller.tenantId, async (tenant) => {
    const key = await tenant.findApiKey(keyId);
    if (key === undefined) throw apiKeyNotFound(keyId);
    const permissions = (await tenant.findUser(key.userId))?.permissions ?? [];
    if (keyId !== caller.credentialId) requireNotOutranked(caller, 'user', permissions);
    const nowMs = clock.now();
    if (caller.tenantId === OPERATOR_TENANT && permissions.includes(EVERYTHING)) {
      await requireOtherAdminKey(tenant, key, nowMs);
    }
    if (key.revokedAtMs === undefined) await tenant.revokeApiKey(keyId, nowMs);
    tenant.announce({ kind: 'credential_revoked', credentialId: keyId });
  });
}

/** Operators have no other way in than a key, and the bootstrap key of old does not come back once it is revoked. */
async function requireOtherAdminKey(tenant: TenantChange, key: ApiKey, nowMs: number): Promise<void> {
  if (isEnded(key, nowMs)) return;
  const hasOther = await tenant.hasApiKeyWith({ permission: EVERYTHING, exceptKeyId: key.keyId, nowMs });
  if (!hasOther) throw lastAdminKey(key.keyId);
}
