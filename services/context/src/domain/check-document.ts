import type { Document } from './document.ts';

/** The limits of document_service.proto, in characters and bytes. */
export const DOCUMENT_ID_CHARACTERS_MAX = 500;
export const SOURCE_CHARACTERS_MAX = 200;
export const TITLE_CHARACTERS_MAX = 1_000;
export const SOURCE_URL_CHARACTERS_MAX = 2_000;
export const TEXT_BYTES_MAX = 2 * 1024 * 1024;
export const METADATA_BYTES_MAX = 16 * 1024;

/** A type is a word or two, e.g. `ticket`; the contract leaves its limit to us. */
export const TYPE_CHARACTERS_MAX = 100;

/** google.protobuf.Timestamp covers the years 1 to 9999. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Says why a document cannot be stored, in a sentence for the caller; undefined when it can. */
export function checkDocument(document: Document): string | undefined {
  for (const check of checks) {
    const problem = check(document);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

type Check = (document: Document) => string | undefined;

const checks: readonly Check[] = [
  ({ documentId }) => (documentId === '' ? 'the document id is empty; give every document an id' : undefined),
  ({ documentId }) => tooLong('document id', documentId, DOCUMENT_ID_CHARACTERS_MAX),
  ({ source }) => tooLong('source', source, SOURCE_CHARACTERS_MAX),
  ({ title }) => tooLong('title', title, TITLE_CHARACTERS_MAX),
  ({ type }) => tooLong('type', type, TYPE_CHARACTERS_MAX),
  ({ sourceUrl }) => tooLong('source URL', sourceUrl, SOURCE_URL_CHARACTERS_MAX),
  checkText,
  checkNul,
  ({ writtenAtMs }) =>
    writtenAtMs === undefined || (writtenAtMs >= EARLIEST_MS && writtenAtMs <= LATEST_MS)
      ? undefined
      : 'the timestamp is not a date between the years 1 and 9999',
  checkMetadata,
];

function tooLong(name: string, value: string, charactersMax: number): string | undefined {
  if (value.length <= charactersMax) return undefined;
  return `the ${name} has ${value.length} characters; at most ${charactersMax} are allowed`;
}

function checkText({ text }: Document): string | undefined {
  if (text.trim() === '') return 'the text is empty; there is nothing to find';
  const bytes = Buffer.byteLength(text);
  if (bytes <= TEXT_BYTES_MAX) return undefined;
  return `the text has ${bytes} bytes; at most ${TEXT_BYTES_MAX} are allowed, so split the document`;
}

function checkNul({ documentId, source, title, type, sourceUrl, text }: Document): string | undefined {
  const fields = { 'document id': documentId, source, title, type, 'source URL': sourceUrl, text };
  const found = Object.entries(fields).find(([, value]) => value.includes('\0'));
  return found === undefined ? undefined : `the ${found[0]} has a NUL character; remove it, or check that it is text`;
}

function checkMetadata({ metadataJson }: Document): string | undefined {
  const bytes = Buffer.byteLength(metadataJson);
  if (bytes > METADATA_BYTES_MAX) return `the metadata has ${bytes} bytes; at most ${METADATA_BYTES_MAX} are allowed`;
  return isJsonObject(metadataJson) ? undefined : 'the metadata is not a JSON object';
}

function isJsonObject(json: string): boolean {
  // PostgreSQL cannot keep the character itself; its escape is six other characters.
  if (json.includes('\0')) return false;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
