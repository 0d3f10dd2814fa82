import { isUtf8 } from 'node:buffer';

import { parseError, requestInvalid } from '../errors.ts';
import type { Body } from './message.ts';
import { parseMessage } from './parse-message.ts';
import { type JsonScan, scanJson } from './scan-json.ts';

/** The most bytes of a body: room for 500 documents of some pages, and little enough to be parsed in milliseconds. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** The deepest nesting; hand-written schemas and documents stay below 20. */
export const JSON_DEPTH_MAX = 64;

/** The most messages of a batch. */
export const BATCH_MESSAGES_MAX = 100;

/** The most members and elements: 500 documents of 200 each. 4 MiB of `[0,0,…` would be two million, and stall all others. */
export const JSON_VALUES_MAX = 100_000;

/** U+FEFF in UTF-8, which some editors put before a text. */
const BYTE_ORDER_MARK_BYTES = 3;

const LIMITS = { depthMax: JSON_DEPTH_MAX, messagesMax: BATCH_MESSAGES_MAX, valuesMax: JSON_VALUES_MAX };

/**
 * Decodes a body.
 *
 * @throws {AppError} PARSE_ERROR when the bytes are not UTF-8.
 */
export function decodeBody(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw parseError('the body is not valid UTF-8; encode JSON as UTF-8');
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('utf8', hasByteOrderMark(buffer) ? BYTE_ORDER_MARK_BYTES : 0);
}

function hasByteOrderMark(buffer: Buffer): boolean {
  return buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf;
}

/**
 * Parses a text into messages.
 *
 * @throws {AppError} PARSE_ERROR when it is not JSON, nests too deep or holds too much, REQUEST_INVALID when it is an empty or too long batch.
 */
export function parseBody(text: string): Body {
  const scan = scanJson(text, LIMITS);
  checkSize(scan);
  if (scan.messageCount > BATCH_MESSAGES_MAX) {
    throw requestInvalid(`a batch holds at most ${BATCH_MESSAGES_MAX} requests; split it`);
  }
  const parsed = parseJson(text);
  if (!Array.isArray(parsed)) return { isBatch: false, messages: [parseMessage(parsed, scan.messages[0] ?? {})] };
  if (parsed.length === 0) throw requestInvalid('a batch holds at least one request');
  return { isBatch: true, messages: parsed.map((element, index) => parseMessage(element, scan.messages[index] ?? {})) };
}

/**
 * Parses params that come by themselves; an empty text stands for none.
 *
 * @throws {AppError} PARSE_ERROR when it is not JSON, nests too deep or holds too much.
 */
export function parseParams(text: string): unknown {
  if (text === '') return undefined;
  // Only depth and size matter: the commas of an array are not those of a batch.
  checkSize(scanJson(text, { ...LIMITS, messagesMax: Infinity }));
  return parseJson(text);
}

function checkSize({ depth, valueCount }: JsonScan): void {
  if (depth > JSON_DEPTH_MAX) throw parseError(`the JSON nests deeper than ${JSON_DEPTH_MAX} levels; flatten it`);
  if (valueCount > JSON_VALUES_MAX) {
    throw parseError(`the JSON has more than ${JSON_VALUES_MAX} members and elements; send less at a time`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the text, which may hold a secret.
    throw parseError('this is not valid JSON; send a JSON-RPC 2.0 request with its params as JSON');
  }
}
