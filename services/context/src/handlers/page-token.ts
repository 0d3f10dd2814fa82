import { createHash } from 'node:crypto';

import type { DocumentKey } from '../domain/document.ts';
import { pageTokenInvalid } from '../errors.ts';

/** A token holds a document's key at most, in base64url: 700 characters of three bytes, and brackets. */
const TOKEN_CHARACTERS_MAX = 4_000;

/** Packs where the next page of a search starts. The request is part of it: another search has no such page. */
export function toSearchToken(offset: number, request: readonly string[]): string {
  return pack([offset, hashOf(request)]);
}

/**
 * Unpacks where a page of a search starts; 0 for an empty token.
 *
 * @throws {AppError} PAGE_TOKEN_INVALID when it was not made for this request, or starts at `offsetMax` or later.
 */
export function fromSearchToken(token: string, request: readonly string[], offsetMax: number): number {
  if (token === '') return 0;
  const [offset, requestHash] = unpack(token);
  const isOffset = typeof offset === 'number' && Number.isSafeInteger(offset) && offset > 0 && offset < offsetMax;
  if (!isOffset || requestHash !== hashOf(request)) throw pageTokenInvalid();
  return offset;
}

/** Packs the last document of a page. */
export function toListToken({ source, documentId }: DocumentKey): string {
  return pack([source, documentId]);
}

/**
 * Unpacks the document a page starts after; undefined for an empty token.
 *
 * @throws {AppError} PAGE_TOKEN_INVALID when it is not a document of `source`, where one is given.
 */
export function fromListToken(token: string, source: string | undefined): DocumentKey | undefined {
  if (token === '') return undefined;
  const [tokenSource, documentId] = unpack(token);
  if (typeof tokenSource !== 'string' || typeof documentId !== 'string') throw pageTokenInvalid();
  if (source !== undefined && source !== tokenSource) throw pageTokenInvalid();
  if (`${tokenSource}${documentId}`.includes('\0')) throw pageTokenInvalid();
  return { source: tokenSource, documentId };
}

function hashOf(request: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64url');
}

function pack(parts: readonly [unknown, unknown]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function unpack(token: string): readonly [unknown, unknown] {
  if (token.length > TOKEN_CHARACTERS_MAX) throw pageTokenInvalid();
  const parts = parse(Buffer.from(token, 'base64url').toString());
  if (!Array.isArray(parts) || parts.length !== 2) throw pageTokenInvalid();
  return [parts[0], parts[1]];
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) throw pageTokenInvalid();
    throw error;
  }
}
