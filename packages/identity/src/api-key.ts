import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** An API key: a public id to look it up by, and a secret of 256 random bits. */
export interface ApiKeySecret {
  /** 16 hex digits; safe to log and to show. */
  readonly keyId: string;
  /** The whole key, as the client presents it: `gk_<key id>_<43 base64url characters>`. */
  readonly secret: string;
}

const PATTERN = /^gk_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;
const KEY_ID_BYTES = 8;
const SECRET_BYTES = 32;

/** Makes a new API key. A key id may be given to make a new secret for a key that exists. */
export function generateApiKey(keyId = randomBytes(KEY_ID_BYTES).toString('hex')): ApiKeySecret {
  return { keyId, secret: `gk_${keyId}_${randomBytes(SECRET_BYTES).toString('base64url')}` };
}

/** Returns the id in an API key, or undefined when the text does not look like one. */
export function apiKeyIdOf(secret: string): string | undefined {
  return PATTERN.exec(secret)?.[1];
}

/**
 * Returns what is stored of an API key: its SHA-256. A slow hash would protect guessable passwords; 256 random bits
 * cannot be guessed, and this runs on every cache miss.
 */
export function hashApiKey(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Compares an API key with a stored hash, in constant time. */
export function matchesApiKeyHash(secret: string, hash: Uint8Array): boolean {
  const candidate = hashApiKey(secret);
  return candidate.length === hash.length && timingSafeEqual(candidate, hash);
}
