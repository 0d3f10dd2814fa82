import { apiKeyIdOf, matchesApiKeyHash, type Principal, type SignedAssertion } from '@gantry/identity';

import { credentialExpired, credentialInvalid, credentialRevoked } from '../errors.ts';
import type { Clock, Credential, CredentialStore } from './ports.ts';

interface Deps {
  readonly credentials: CredentialStore;
  readonly signer: { sign(principal: Principal): Promise<SignedAssertion> };
  readonly clock: Clock;
}

/** A principal and the proof of it. */
export interface Authenticated extends SignedAssertion {
  readonly principal: Principal;
  /** When the secret that was presented stops working; undefined when it does not. */
  readonly credentialExpiresAtMs: number | undefined;
}

/** No SHA-256 anybody knows a text for: what an unknown key, or one never rotated, is compared with. */
const NO_HASH = new Uint8Array(32);

/**
 * Turns an API key into its principal and an assertion.
 *
 * @throws {AppError} CREDENTIAL_INVALID, CREDENTIAL_EXPIRED, CREDENTIAL_REVOKED. The last two only to whoever has the
 *   secret, so that nobody else learns which keys exist.
 */
export async function authenticate({ credentials, signer, clock }: Deps, apiKey: string): Promise<Authenticated> {
  const keyId = apiKeyIdOf(apiKey);
  if (keyId === undefined) throw credentialInvalid();
  const credential = await credentials.find(keyId);
  const match = matchSecret(apiKey, credential);
  if (credential === undefined || match === undefined) throw credentialInvalid();
  const expiresAtMs = expiryOf(credential, match);
  if (credential.revokedAtMs !== undefined) throw credentialRevoked();
  if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) throw credentialExpired();
  const principal = principalOf(credential);
  return { principal, ...(await signer.sign(principal)), credentialExpiresAtMs: expiresAtMs };
}

/** Compares with both secrets in every case, so that an unknown id costs the same work as a wrong secret. */
function matchSecret(apiKey: string, credential: Credential | undefined): 'current' | 'previous' | undefined {
  const isCurrent = matchesApiKeyHash(apiKey, credential?.secretHash ?? NO_HASH);
  const isPrevious = matchesApiKeyHash(apiKey, credential?.previous?.secretHash ?? NO_HASH);
  if (isCurrent) return 'current';
  return isPrevious ? 'previous' : undefined;
}

function expiryOf({ expiresAtMs, previous }: Credential, match: 'current' | 'previous'): number | undefined {
  if (match === 'current' || previous === undefined) return expiresAtMs;
  return Math.min(previous.untilMs, expiresAtMs ?? Infinity);
}

function principalOf(credential: Credential): Principal {
  return {
    tenantId: credential.tenantId,
    userId: credential.userId,
    credentialId: credential.keyId,
    roles: credential.roles,
    permissions: credential.permissions,
    requestsPerMinute: credential.requestsPerMinute,
  };
}
