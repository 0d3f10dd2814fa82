import { requirePermission } from '@gantry/identity';
import { DocumentServiceDefinition } from '@gantry/protocol/gantry/context/v1/document_service';
import { type Handlers, unimplemented } from '@gantry/rpc';

import { DOCUMENT_ID_CHARACTERS_MAX, SOURCE_CHARACTERS_MAX } from '../domain/check-document.ts';
import { deleteDocuments } from '../domain/delete-documents.ts';
import { DEFAULT_SOURCE } from '../domain/document.ts';
import type { DocumentStore } from '../domain/ports.ts';
import { type UpsertDeps, upsertDocuments } from '../domain/upsert-documents.ts';
import type { ContextMetrics } from '../metrics.ts';
import { fromDocument } from './from-proto.ts';
import { fromListToken, toListToken } from './page-token.ts';
import { RequestChecker } from './request-checker.ts';
import { toDocumentInfo, toUpsertResult } from './to-proto.ts';

/** The limits of document_service.proto. */
export const UPSERTED_DOCUMENTS_MAX = 500;
export const DELETED_DOCUMENTS_MAX = 1_000;
export const LISTED_DOCUMENTS_MAX = 1_000;
const LISTED_DOCUMENTS_DEFAULT = 100;

/** What the handlers need. */
export interface DocumentHandlersDeps extends Omit<UpsertDeps, 'store'> {
  readonly store: DocumentStore;
  readonly metrics: Pick<ContextMetrics, 'countUpserts'>;
}

/** Creates the handlers of DocumentService. */
export function createDocumentHandlers(deps: DocumentHandlersDeps): Handlers<DocumentServiceDefinition> {
  const { store, metrics } = deps;
  return {
    async upsertDocuments({ documents }, { principal, signal }) {
      requirePermission(principal, 'documents', 'write');
      new RequestChecker().count('documents', documents.length, UPSERTED_DOCUMENTS_MAX).done();
      const request = { tenantId: principal.tenantId, documents: documents.map(fromDocument) };
      const results = await upsertDocuments(deps, request, signal);
      metrics.countUpserts(results);
      return { results: results.map((result, index) => toUpsertResult(documents[index]?.documentId ?? '', result)) };
    },
    ingestDocuments: unimplemented(DocumentServiceDefinition).ingestDocuments,
    async deleteDocuments({ source, documentIds }, { principal, signal }) {
      requirePermission(principal, 'documents', 'write');
      const checker = new RequestChecker()
        .text('source', source, { charactersMax: SOURCE_CHARACTERS_MAX })
        .count('document_ids', documentIds.length, DELETED_DOCUMENTS_MAX);
      for (const id of documentIds.slice(0, DELETED_DOCUMENTS_MAX)) {
        checker.text('document_ids', id, { charactersMin: 1, charactersMax: DOCUMENT_ID_CHARACTERS_MAX });
      }
      checker.done();
      const { tenantId } = principal;
      return deleteDocuments(store, { tenantId, source: source || DEFAULT_SOURCE, documentIds }, signal);
    },
    async listDocuments({ source: wanted, pageSize, pageToken }, { principal, signal }) {
      requirePermission(principal, 'documents', 'read');
      new RequestChecker()
        .text('source', wanted, { charactersMax: SOURCE_CHARACTERS_MAX })
        .size('page_size', pageSize, LISTED_DOCUMENTS_MAX)
        .done();
      const source = wanted === '' ? undefined : wanted;
      const after = fromListToken(pageToken, source);
      const limit = pageSize || LISTED_DOCUMENTS_DEFAULT;
      signal.throwIfAborted();
      // One more than asked for tells whether there is another page.
      const found = await store.list(principal.tenantId, { source, after, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { documents: page.map(toDocumentInfo), nextPageToken: last === undefined ? '' : toListToken(last) };
    },
  };
}
