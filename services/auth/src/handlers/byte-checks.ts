import { isUtf8 } from 'node:buffer';

const ASCII_END = 0x80;
const DASH = 0x2d;
const DASHES_AT: readonly number[] = [8, 13, 18, 23];
const UUID_CHARACTERS = 36;
const TRACE_ID_CHARACTERS = 32;

/** For each byte: 0 when it is no hex digit, 1 for digits and lower-case letters, 2 for upper-case letters. */
const hexKinds = new Uint8Array(256);
hexKinds.fill(1, 0x30, 0x3a);
hexKinds.fill(1, 0x61, 0x67);
hexKinds.fill(2, 0x41, 0x47);

/** Tells whether a part of some bytes is text that Postgres can store: UTF-8 without NUL. */
export function isStorableText(bytes: Uint8Array, begin: number, end: number): boolean {
  for (let at = begin; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) return false;
    // NUL is of ASCII and so are all that come before the first byte that is not.
    if (byte >= ASCII_END) return isUtf8(bytes.subarray(begin, end)) && !bytes.subarray(at, end).includes(0);
  }
  return true;
}

/** Tells whether a part of some bytes is a UUID as text. */
export function isUuidText(bytes: Uint8Array, begin: number, end: number): boolean {
  if (end - begin !== UUID_CHARACTERS) return false;
  let digits = 0;
  for (let at = begin; at < end; at += 1) digits += hexKinds[bytes[at] ?? 0] === 0 ? 0 : 1;
  // Every character that is no dash at its place has to be a digit.
  return digits === UUID_CHARACTERS - DASHES_AT.length && DASHES_AT.every((at) => bytes[begin + at] === DASH);
}

/** Tells whether a part of some bytes is a W3C trace id, or empty. */
export function isTraceIdText(bytes: Uint8Array, begin: number, end: number): boolean {
  if (end === begin) return true;
  if (end - begin !== TRACE_ID_CHARACTERS) return false;
  for (let at = begin; at < end; at += 1) {
    if (hexKinds[bytes[at] ?? 0] !== 1) return false;
  }
  return true;
}
