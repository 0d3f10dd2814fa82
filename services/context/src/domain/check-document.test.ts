import { expect, test } from 'vitest';

import { sampleDocument } from '../../test/sample-document.ts';
import {
  checkDocument,
  DOCUMENT_ID_CHARACTERS_MAX,
  METADATA_BYTES_MAX,
  SOURCE_CHARACTERS_MAX,
  SOURCE_URL_CHARACTERS_MAX,
  TEXT_BYTES_MAX,
  TITLE_CHARACTERS_MAX,
  TYPE_CHARACTERS_MAX,
} from './check-document.ts';

const metadataOf = (bytes: number) => `{"k":"${'x'.repeat(bytes - 8)}"}`;

test('a document at every limit is fine', () => {
  const document = sampleDocument({
    documentId: 'i'.repeat(DOCUMENT_ID_CHARACTERS_MAX),
    source: 's'.repeat(SOURCE_CHARACTERS_MAX),
    title: 't'.repeat(TITLE_CHARACTERS_MAX),
    type: 'y'.repeat(TYPE_CHARACTERS_MAX),
    sourceUrl: 'u'.repeat(SOURCE_URL_CHARACTERS_MAX),
    text: 'x'.repeat(TEXT_BYTES_MAX),
    metadataJson: metadataOf(METADATA_BYTES_MAX),
    writtenAtMs: Date.parse('0001-01-01T00:00:00Z'),
  });
  expect(checkDocument(document)).toBeUndefined();
});

test.each([
  [{ documentId: '' }, /id is empty/],
  [{ documentId: 'i'.repeat(DOCUMENT_ID_CHARACTERS_MAX + 1) }, /document id has 501 characters; at most 500/],
  [{ source: 's'.repeat(SOURCE_CHARACTERS_MAX + 1) }, /source has 201/],
  [{ title: 't'.repeat(TITLE_CHARACTERS_MAX + 1) }, /title has 1001/],
  [{ type: 'y'.repeat(TYPE_CHARACTERS_MAX + 1) }, /type has 101/],
  [{ sourceUrl: 'u'.repeat(SOURCE_URL_CHARACTERS_MAX + 1) }, /source URL has 2001/],
  [{ text: '' }, /text is empty/],
  [{ text: ' \n\t' }, /text is empty/],
  [{ text: 'x'.repeat(TEXT_BYTES_MAX + 1) }, /text has 2097153 bytes; at most 2097152/],
  [{ text: 'ü'.repeat(TEXT_BYTES_MAX / 2 + 1) }, /text has 2097154 bytes/],
  [{ text: 'a\0b' }, /text has a NUL character/],
  [{ title: '\0' }, /title has a NUL character/],
  [{ writtenAtMs: Number.NaN }, /timestamp/],
  [{ writtenAtMs: 8.64e15 }, /timestamp/],
  [{ metadataJson: '' }, /not a JSON object/],
  [{ metadataJson: '{' }, /not a JSON object/],
  [{ metadataJson: '[]' }, /not a JSON object/],
  [{ metadataJson: 'null' }, /not a JSON object/],
  [{ metadataJson: metadataOf(METADATA_BYTES_MAX + 1) }, /metadata has 16385 bytes/],
])('a document with %o is refused in a sentence', (parts, problem) => {
  expect(checkDocument(sampleDocument(parts))).toMatch(problem);
});

test('metadata may be deep and may hold an escaped NUL', () => {
  const deep = `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
  expect(checkDocument(sampleDocument({ metadataJson: deep }))).toBeUndefined();
  expect(checkDocument(sampleDocument({ metadataJson: '{"a":"\\u0000"}' }))).toBeUndefined();
});
