import { createHash } from 'node:crypto';

/** 160 bits: the chance that two of a billion texts share a hash is below 10^-30. */
const HASH_BYTES = 20;

/** Hashes texts, each told apart from its neighbours; 27 URL-safe characters. */
export function hash(...parts: readonly string[]): string {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(`${Buffer.byteLength(part)}:`).update(part);
  return digest.digest().subarray(0, HASH_BYTES).toString('base64url');
}
