import type { CredentialCache, Identity } from '../clients/credential-cache.ts';
import type { Arrival } from './arrival.ts';
import type { Eventual } from './settle.ts';

/**
 * Establishes who the messages come from; at once when it is known.
 *
 * @throws {AppError} UNAUTHENTICATED without a credential that auth accepts, UNAVAILABLE when auth cannot be asked.
 */
export function authenticate(credentials: CredentialCache, arrival: Arrival): Eventual<Identity> {
  const { credential, deadlineMs, parent, requestId } = arrival;
  return credentials.identify(credential.apiKey, { deadlineMs, trace: parent, requestId });
}
