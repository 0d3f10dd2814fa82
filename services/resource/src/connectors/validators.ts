import type { OutboundResponse } from '../outbound/outbound-client.ts';

/** A validator is kept and sent back; a longer one is not worth it, and the whole body is read instead. */
const VALIDATOR_CHARACTERS_MAX = 512;

/** Returns what a later request needs to ask whether this answer still holds: a stamp. */
export function validatorsOf({ headers }: OutboundResponse): string {
  return JSON.stringify({ etag: short(headers['etag']), lastModified: short(headers['last-modified']) });
}

/** Returns the headers that ask for an answer only if it differs from the one the stamp came from. */
export function conditionalHeaders(stamp: string | undefined): Readonly<Record<string, string>> {
  if (stamp === undefined) return {};
  // What validatorsOf wrote.
  const { etag, lastModified } = JSON.parse(stamp) as { readonly etag?: string; readonly lastModified?: string };
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  };
}

function short(value: string | undefined): string | undefined {
  return value !== undefined && value.length <= VALIDATOR_CHARACTERS_MAX ? value : undefined;
}
