import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';

import { createCallerVerifier, createServiceTokens, signAssertion } from '@gantry/identity';
import type { Principal, SigningKey, VerificationKey, VerifyCaller } from '@gantry/identity';
import { systemClock } from '@gantry/telemetry';
import type { Clock } from '@gantry/telemetry';

/** Signs and verifies the assertions of a cluster that has no auth service. */
export interface TestAssertions {
  /** What an RPC server needs to verify its callers. */
  readonly verifyCaller: VerifyCaller;
  /** The keys auth would publish. */
  readonly publishedKeys: readonly VerificationKey[];
  /** The key auth would sign with. */
  readonly signingKey: SigningKey;
  /** The secret the services share. */
  readonly clusterSecret: Uint8Array;
  /** Answers an assertion for a principal; what is not given is taken from {@link testPrincipal}. */
  assertionFor(principal?: Partial<Principal>): Promise<string>;
  /** Answers a token by which a service calls on its own behalf. */
  serviceTokenFor(service: string): Promise<string>;
}

const KEY_ID = 'test-key';
const SECRET_BYTES = 32;
// The raw key is the end of the DER form: the algorithm comes before it.
const ED25519_KEY_BYTES = 32;

/** Creates a principal of tenant `test-tenant` who may do everything, with the given parts replaced. */
export function testPrincipal(principal: Partial<Principal> = {}): Principal {
  return {
    tenantId: 'test-tenant',
    userId: 'test-user',
    credentialId: 'test-credential',
    roles: ['admin'],
    permissions: ['*:*'],
    requestsPerMinute: 0,
    ...principal,
  };
}

/** Creates a key pair and a cluster secret of its own, and what signs and verifies with them. Uses the real code of identity. */
export async function testAssertions(clock: Clock = systemClock): Promise<TestAssertions> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  const signingKey = {
    keyId: KEY_ID,
    privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
  };
  const rawPublicKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-ED25519_KEY_BYTES);
  const publishedKeys = [{ keyId: KEY_ID, publicKey: new Uint8Array(rawPublicKey) }];
  const clusterSecret = new Uint8Array(randomBytes(SECRET_BYTES));
  const now = (): number => clock.now();
  return {
    verifyCaller: createCallerVerifier({ fetchKeys: () => Promise.resolve(publishedKeys), clusterSecret, now }),
    publishedKeys,
    signingKey,
    clusterSecret,
    assertionFor: async (principal) => (await signAssertion(testPrincipal(principal), signingKey, now())).assertion,
    serviceTokenFor: (service) => createServiceTokens(service, clusterSecret, now)(),
  };
}
