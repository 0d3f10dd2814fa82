import { generateApiKey, hashApiKey, type Principal } from '@gantry/identity';

import { apiKeyEnded, apiKeyNotFound } from '../errors.ts';
import { isEnded } from './api-key.ts';
import { requireMayIssue, requireNotOutranked } from './escalation.ts';
import type { Clock, PolicyStore } from './ports.ts';

interface Deps {
  readonly policy: PolicyStore;
  readonly clock: Clock;
}

/** A key whose secret is to be replaced. */
export interface Rotation {
  readonly keyId: string;
  /** How long the old secret goes on working; 0 means not at all. */
  readonly overlapMs: number;
}

/** Replaces a key's secret and returns the new one. Whoever may rotate a key may use it, so it must not be a mightier one. */
export function rotateApiKey(
  { policy, clock }: Deps,
  caller: Principal,
  { keyId, overlapMs }: Rotation,
): Promise<string> {
  return policy.change(caller.tenantId, async (tenant) => {
    const key = await tenant.findApiKey(keyId);
    if (key === undefined) throw apiKeyNotFound(keyId);
    const nowMs = clock.now();
    if (isEnded(key, nowMs)) throw apiKeyEnded(keyId);
    const user = await tenant.findUser(key.userId);
    requireNotOutranked(caller, 'user', user?.permissions ?? []);
    requireMayIssue(caller, user?.permissions ?? [], key.requestsPerMinute);
    const { secret } = generateApiKey(keyId);
    await tenant.replaceSecret(keyId, hashApiKey(secret), overlapMs === 0 ? undefined : nowMs + overlapMs);
    // Gateways forget the old secret now, and learn the end of its overlap when it is next used. The credential itself
    // is not revoked: its id goes on.
    tenant.announce({ kind: 'tenant_policy_changed' });
    return secret;
  });
}
