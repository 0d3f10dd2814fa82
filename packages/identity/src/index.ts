export { apiKeyIdOf, type ApiKeySecret, generateApiKey, hashApiKey, matchesApiKeyHash } from './api-key.ts';
export {
  ASSERTION_CHARACTERS_MAX,
  ASSERTION_LIFETIME_SECONDS,
  type CallerVerifierOptions,
  createCallerVerifier,
  createServiceTokens,
  type MintServiceToken,
  signAssertion,
  type SignedAssertion,
  type SigningKey,
  type VerificationKey,
  type VerifyCaller,
} from './assertion.ts';
export {
  covers,
  heldBy,
  isAllowed,
  parsePermission,
  type Permission,
  PERMISSION_CHARACTERS_MAX,
  requirePermission,
} from './permission.ts';
export type { Caller, Principal } from './principal.ts';
