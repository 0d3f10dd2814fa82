import { pageSizeInvalid, pageTokenInvalid } from '../errors.ts';
import { schemeOf } from './resource-uri.ts';

/** A token holds the URI of a file: the longest path there is, 4,096 bytes, with each of them percent-encoded, in base64. */
const TOKEN_CHARACTERS_MAX = 17_000;

/** Packs the URI that a page ends with. */
export function toPageToken(lastUri: string): string {
  return Buffer.from(lastUri, 'utf8').toString('base64url');
}

/**
 * Unpacks the URI a page starts after; empty for the first page. Only what can be the URI of a listed resource is taken: of
 * one of these schemes, and spelled as lists spell it.
 *
 * @throws {AppError} PAGE_TOKEN_INVALID.
 */
export function fromPageToken(token: string, schemes: readonly string[]): string {
  if (token === '') return '';
  if (token.length > TOKEN_CHARACTERS_MAX) throw pageTokenInvalid();
  const lastUri = Buffer.from(token, 'base64url').toString('utf8');
  // The decoder skips what it does not understand: only what packs to the same token again was packed here.
  if (toPageToken(lastUri) !== token || !isListedUri(lastUri, schemes)) throw pageTokenInvalid();
  return lastUri;
}

function isListedUri(text: string, schemes: readonly string[]): boolean {
  const url = URL.parse(text);
  return url !== null && url.href === text && schemes.includes(schemeOf(url));
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
