import { resourceUriInvalid } from '../errors.ts';

/** The most characters of a URI, as the contract says; normalising may not make it longer either. */
export const URI_CHARACTERS_MAX = 2_048;

/**
 * Parses a URI so strictly that no two programs can read it differently: no spaces or control characters (URL parsers
 * drop some of them), no backslashes (some parsers take them for slashes), no credentials, no fragment.
 *
 * @throws {AppError} RESOURCE_URI_INVALID.
 */
export function parseResourceUri(text: string): URL {
  if (text === '') throw resourceUriInvalid('it is empty');
  if (text.length > URI_CHARACTERS_MAX) throw resourceUriInvalid(`it is longer than ${URI_CHARACTERS_MAX} characters`);
  if (/[\s\p{Cc}\\]/u.test(text))
    throw resourceUriInvalid('it holds spaces, control characters or backslashes; percent-encode them');
  if (!text.isWellFormed()) throw resourceUriInvalid('it is not well-formed text');
  const url = URL.parse(text);
  if (url === null)
    throw resourceUriInvalid('it is not an absolute uri such as file:///srv/docs/a.md or https://example.com/a');
  if (url.username !== '' || url.password !== '') throw resourceUriInvalid('it holds credentials; leave them out');
  if (url.hash !== '' || text.includes('#')) throw resourceUriInvalid('it holds a fragment; leave it out');
  return url;
}

/** Returns the scheme of a URL without its colon. */
export function schemeOf(url: URL): string {
  return url.protocol.slice(0, -1);
}
