import type { AppendSessionContextRequest } from '@gantry/protocol/gantry/context/v1/context_service';
import type { Document as DocumentMessage } from '@gantry/protocol/gantry/context/v1/document_service';
import { DocumentFormat } from '@gantry/protocol/gantry/context/v1/document_service';

import { DEFAULT_SOURCE, DEFAULT_TYPE, type Document } from '../domain/document.ts';
import {
  ENTRIES_PER_APPEND_MAX,
  ENTRY_CONTENT_BYTES_MAX,
  ENTRY_ID_CHARACTERS_MAX,
  SESSION_ID_CHARACTERS_MAX,
  type SessionEntry,
  sessionRoles,
} from '../domain/session.ts';
import { RequestChecker } from './request-checker.ts';

/** What the metadata of a message that is not UTF-8 becomes: no JSON, and so refused with the rest of the bad metadata. */
const NO_JSON = '';

/** Decodes a document and fills in its defaults. Whether it can be stored is for the domain to say, document by document. */
export function fromDocument(message: DocumentMessage): Document {
  const { documentId, source, title, text, format, type, sourceUrl, timestamp, metadataJson } = message;
  return {
    documentId,
    source: source || DEFAULT_SOURCE,
    title,
    text,
    format: format === DocumentFormat.DOCUMENT_FORMAT_MARKDOWN ? 'markdown' : 'plain',
    type: type || DEFAULT_TYPE,
    sourceUrl,
    writtenAtMs: timestamp?.getTime(),
    metadataJson: metadataJson.length === 0 ? '{}' : decodeUtf8(metadataJson),
  };
}

/**
 * Decodes the entries to append.
 *
 * @throws {AppError} CONTEXT_REQUEST_INVALID.
 */
export function fromAppendRequest({ sessionId, entries }: AppendSessionContextRequest): readonly SessionEntry[] {
  const checker = new RequestChecker()
    .text('session_id', sessionId, { charactersMin: 1, charactersMax: SESSION_ID_CHARACTERS_MAX })
    .count('entries', entries.length, ENTRIES_PER_APPEND_MAX);
  const decoded = entries.slice(0, ENTRIES_PER_APPEND_MAX).flatMap(({ entryId, role, content }, index) => {
    const field = `entries[${index}]`;
    checker
      .text(`${field}.entry_id`, entryId, { charactersMin: 1, charactersMax: ENTRY_ID_CHARACTERS_MAX })
      .text(`${field}.content`, content, { charactersMax: ENTRY_CONTENT_BYTES_MAX });
    const bytes = Buffer.byteLength(content);
    if (content.length <= ENTRY_CONTENT_BYTES_MAX && bytes > ENTRY_CONTENT_BYTES_MAX) {
      checker.violation(`${field}.content`, `has ${bytes} bytes; at most ${ENTRY_CONTENT_BYTES_MAX} are allowed`);
    }
    const known = sessionRoles.find((name) => name === role);
    if (known === undefined) checker.violation(`${field}.role`, `must be one of ${sessionRoles.join(', ')}`);
    return known === undefined ? [] : [{ entryId, role: known, content }];
  });
  checker.done();
  return decoded;
}

/**
 * Checks the name of a session.
 *
 * @throws {AppError} CONTEXT_REQUEST_INVALID.
 */
export function checkSessionId(sessionId: string): void {
  new RequestChecker()
    .text('session_id', sessionId, { charactersMin: 1, charactersMax: SESSION_ID_CHARACTERS_MAX })
    .done();
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return NO_JSON;
  }
}
