import type { IncomingHttpHeaders } from 'node:http2';

import { METADATA_BYTES_MAX } from '../metadata-keys.ts';

/** What HTTP/2 and gRPC say to each other; no metadata of the call. */
const PROTOCOL_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'te',
]);

/** What a text of metadata may consist of. */
const LEGAL_TEXT = /^[ -~]*$/;

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

const MS_OF_UNIT: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Returns the first value of a metadata key. */
export function metadataOf(headers: IncomingHttpHeaders, key: string): string | undefined {
  const name = key.toLowerCase();
  const text = isMetadata(name) ? textOf(headers[name]) : undefined;
  if (text === undefined) return undefined;
  if (name.endsWith('-bin')) return Buffer.from(firstOf(name, text), 'base64').toString();
  return LEGAL_TEXT.test(text) ? text : undefined;
}

/** Tells whether there is more metadata, keys and values, than a call may carry. */
export function isMetadataTooLong(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): boolean {
  let bytes = 0;
  // With all that is no metadata, and with the comma that is put between the values of a key.
  for (const text of rawHeaders) bytes += text.length + 1;
  return bytes > METADATA_BYTES_MAX && metadataBytes(headers) > METADATA_BYTES_MAX;
}

function metadataBytes(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const name in headers) {
    if (!isMetadata(name)) continue;
    const text = textOf(headers[name]) ?? '';
    bytes += name.length + (name.endsWith('-bin') ? Buffer.byteLength(text, 'base64') : text.length);
  }
  return bytes;
}

/** Returns the time a call is given, Infinity when the client set none; undefined when it cannot be read. */
export function timeoutMsOf(headers: IncomingHttpHeaders): number | undefined {
  const text = textOf(headers['grpc-timeout']);
  if (text === undefined) return Infinity;
  const [, amount, unit = ''] = TIMEOUT.exec(text) ?? [];
  const unitMs = MS_OF_UNIT[unit];
  return unitMs === undefined ? undefined : Math.floor(Number(amount) * unitMs);
}

/** Several values come as one, but for keys of gRPC itself, which have one. */
function firstOf(name: string, text: string): string {
  const end = name.startsWith('grpc-') ? -1 : text.indexOf(',');
  return end === -1 ? text : text.slice(0, end);
}

function isMetadata(name: string): boolean {
  return !name.startsWith(':') && !PROTOCOL_HEADERS.has(name);
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
