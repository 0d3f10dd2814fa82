import { apiKeyIdOf, hashApiKey, matchesApiKeyHash } from '@gantry/identity';

import type { Clock, Credential, CredentialStore, PolicyStore, TenantChange } from './ports.ts';
import { ADMIN_ROLE, ADMIN_USER, builtInRoles } from './role.ts';
import { OPERATOR_TENANT } from './tenant.ts';

interface Deps {
  readonly policy: PolicyStore;
  readonly credentials: CredentialStore;
  readonly clock: Clock;
}

/**
 * What became of the bootstrap key: `created`; `exists` when it was there, also revoked; `conflicts` when its id is
 * taken by another secret, which stays in force.
 */
export type BootstrapOutcome = 'created' | 'exists' | 'conflicts';

/**
 * Makes an API key of the operator's choice work: for the user `admin` of the tenant `default`, without a rate limit.
 * Runs at every start, on every replica at once if need be. It never brings a revoked key back.
 *
 * @throws {Error} when the text is not an API key.
 */
export async function bootstrap({ policy, credentials, clock }: Deps, apiKey: string): Promise<BootstrapOutcome> {
  const keyId = apiKeyIdOf(apiKey);
  if (keyId === undefined) throw new Error('the bootstrap key is not an API key');
  const known = await credentials.find(keyId);
  if (known !== undefined) return compare(known, apiKey);
  await policy.createTenant({ tenantId: OPERATOR_TENANT, displayName: 'Default' }, builtInRoles);
  return policy.change(OPERATOR_TENANT, async (tenant) => {
    // Another replica may have been faster; changes of a tenant come one after the other.
    if ((await tenant.findApiKey(keyId)) !== undefined) return 'exists';
    await ensureAdmin(tenant);
    const key = {
      keyId,
      name: 'bootstrap',
      userId: ADMIN_USER,
      requestsPerMinute: 0,
      createdAtMs: clock.now(),
      expiresAtMs: undefined,
      revokedAtMs: undefined,
      roles: [ADMIN_ROLE],
    };
    await tenant.insertApiKey(key, hashApiKey(apiKey));
    return 'created';
  });
}

/** Whoever can set the environment of auth is an operator, so this also repairs an admin who lost the role. */
async function ensureAdmin(tenant: TenantChange): Promise<void> {
  const admin = await tenant.findUser(ADMIN_USER);
  if (admin?.roles.includes(ADMIN_ROLE) === true) return;
  const roles = [...(admin?.roles ?? []), ADMIN_ROLE];
  await tenant.putUser({ userId: ADMIN_USER, roles, permissions: admin?.directPermissions ?? [] });
  tenant.announce({ kind: 'tenant_policy_changed' });
}

function compare(known: Credential, apiKey: string): BootstrapOutcome {
  return matchesApiKeyHash(apiKey, known.secretHash) ? 'exists' : 'conflicts';
}
