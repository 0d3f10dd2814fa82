import { pageSizeInvalid, pageTokenInvalid } from '../errors.ts';

/** A token holds the last key of a page; no key is longer than a URI. */
const TOKEN_CHARACTERS_MAX = 12_000;

/** Packs the last key of a page. */
export function toPageToken(lastKey: string): string {
  return Buffer.from(lastKey, 'utf8').toString('base64url');
}

/**
 * Unpacks the key a page starts after; empty for the first page.
 *
 * @throws {AppError} PAGE_TOKEN_INVALID.
 */
export function fromPageToken(token: string): string {
  const lastKey = Buffer.from(token, 'base64url').toString('utf8');
  // The decoder skips what it does not understand: only what packs to the same token again was packed here.
  if (token.length > TOKEN_CHARACTERS_MAX || toPageToken(lastKey) !== token) throw pageTokenInvalid();
  return lastKey;
}

/**
 * Returns how many things a page holds.
 *
 * @throws {AppError} PAGE_SIZE_INVALID.
 */
export function parsePageSize(
  requested: number,
  { standard, max }: { readonly standard: number; readonly max: number },
): number {
  if (requested === 0) return standard;
  if (requested > max) throw pageSizeInvalid(max);
  return requested;
}
