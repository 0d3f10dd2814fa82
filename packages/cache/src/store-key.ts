import { createHash } from 'node:crypto';

/** Fits a Postgres index row (2,704 bytes) at four bytes a character, and stays readable in both stores. */
export const STORE_KEY_CHARS_MAX = 512;
const HASH_PREFIX = 'sha256:';

/**
 * Returns the name a key has in a store: the key itself, or its SHA-256 where a store could not hold it (too long, a NUL
 * or half a surrogate pair, which Postgres refuses) or it looks like such a hash.
 */
export function storeKey(key: string): string {
  const isPlain =
    key !== '' &&
    key.length <= STORE_KEY_CHARS_MAX &&
    key.isWellFormed() &&
    !key.includes('\0') &&
    !key.startsWith(HASH_PREFIX);
  // UTF-16, because UTF-8 would make all lone surrogates equal.
  return isPlain ? key : HASH_PREFIX + createHash('sha256').update(key, 'utf16le').digest('base64url');
}
