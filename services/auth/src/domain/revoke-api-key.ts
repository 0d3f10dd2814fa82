import type { Principal } from '@gantry/identity';

import { apiKeyNotFound } from '../errors.ts';
import type { Clock, PolicyStore } from './ports.ts';

interface Deps {
  readonly policy: PolicyStore;
  readonly clock: Clock;
}

/** Ends a key for good. Revoking a revoked key succeeds, and tells the gateways again. */
export function revokeApiKey({ policy, clock }: Deps, caller: Principal, keyId: string): Promise<void> {
  return policy.change(caller.tenantId, async (tenant) => {
    const key = await tenant.findApiKey(keyId);
    if (key === undefined) throw apiKeyNotFound(keyId);
    if (key.revokedAtMs === undefined) await tenant.revokeApiKey(keyId, clock.now());
    tenant.announce({ kind: 'credential_revoked', credentialId: keyId });
  });
}
