import { apiKeyIdOf } from '@gantry/identity';

import type { CredentialCache, Identity } from '../clients/credential-cache.ts';
import { credentialInvalid, credentialMissing } from '../errors.ts';
import type { Arrival } from './arrival.ts';

/**
 * Establishes who the messages come from.
 *
 * @throws {AppError} UNAUTHENTICATED without a credential that auth accepts, UNAVAILABLE when auth cannot be asked.
 */
export function authenticate(credentials: CredentialCache, arrival: Arrival): Promise<Identity> {
  const { deadlineMs, parent, requestId } = arrival;
  return credentials.identify(apiKeyOf(arrival.authorization), { deadlineMs, trace: parent, requestId });
}

/**
 * Returns the API key of an `authorization`. What cannot be one never reaches auth.
 *
 * @throws {AppError} CREDENTIAL_MISSING, CREDENTIAL_INVALID.
 */
export function apiKeyOf(authorization: string | undefined): string {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (token === undefined) throw credentialMissing();
  if (apiKeyIdOf(token) === undefined) throw credentialInvalid();
  return token;
}
