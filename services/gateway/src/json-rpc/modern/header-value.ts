import { isUtf8 } from 'node:buffer';

/** How a value is marked that a header cannot carry as it is. Lower case, also where base64 is not. */
const ENCODED_PREFIX = '=?base64?';
const ENCODED_SUFFIX = '?=';

/** What a header may carry unencoded: visible ASCII and the spaces between. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Returns the text that a header value stands for: itself, or what it holds as `=?base64?…?=`. Undefined when that is not
 * canonical base64 of UTF-8, or when it has characters that should have been encoded.
 */
export function decodeHeaderValue(value: string): string | undefined {
  if (!isEncoded(value)) return PLAIN.test(value) ? value : undefined;
  const base64 = value.slice(ENCODED_PREFIX.length, -ENCODED_SUFFIX.length);
  const bytes = Buffer.from(base64, 'base64');
  // Node skips what is not base64, and does without padding: only what comes out as it went in was right.
  return bytes.toString('base64') === base64 && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

function isEncoded(value: string): boolean {
  const isLongEnough = value.length >= ENCODED_PREFIX.length + ENCODED_SUFFIX.length;
  return isLongEnough && value.startsWith(ENCODED_PREFIX) && value.endsWith(ENCODED_SUFFIX);
}
