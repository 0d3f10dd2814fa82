import { DocumentFormat, UpsertOutcome } from '@gantry/protocol/gantry/context/v1/document_service';

import type { DocumentClient } from '../clients/backends.ts';
import { toJsonBytes } from './json-bytes.ts';
import { type Methods, needs } from './method.ts';
import type { Params } from './params.ts';

/** DocumentService's limits. */
const DOCUMENTS_MAX = 500;
const PAGE_RANGE = { min: 1, max: 1_000 };

const formatByName = {
  plain: DocumentFormat.DOCUMENT_FORMAT_PLAIN,
  markdown: DocumentFormat.DOCUMENT_FORMAT_MARKDOWN,
} as const;

const nameByOutcome: ReadonlyMap<UpsertOutcome, string> = new Map([
  [UpsertOutcome.UPSERT_OUTCOME_CREATED, 'created'],
  [UpsertOutcome.UPSERT_OUTCOME_UPDATED, 'updated'],
  [UpsertOutcome.UPSERT_OUTCOME_UNCHANGED, 'unchanged'],
  [UpsertOutcome.UPSERT_OUTCOME_REFUSED, 'refused'],
]);

/** Creates `documents/*`. */
export function createDocumentMethods(documents: DocumentClient): Methods {
  return {
    'documents/upsert': {
      permission: needs('documents', 'write'),
      async handle(params, { options }) {
        const batch = params.objects('documents', DOCUMENTS_MAX).map(toDocument);
        const { results } = await documents.upsertDocuments({ documents: batch }, options);
        return JSON.stringify({
          results: results.map(({ documentId, outcome, error, passageCount }) => ({
            id: documentId,
            outcome: nameByOutcome.get(outcome) ?? 'refused',
            error: error || undefined,
            passage_count: passageCount,
          })),
        });
      },
    },
    'documents/delete': {
      permission: needs('documents', 'write'),
      targetParam: 'source',
      async handle(params, { options }) {
        const request = { source: params.optionalText('source') ?? '', documentIds: params.texts('ids') };
        const { deletedCount, missingCount } = await documents.deleteDocuments(request, options);
        return JSON.stringify({ deleted_count: deletedCount, missing_count: missingCount });
      },
    },
    'documents/list': {
      permission: needs('documents', 'read'),
      targetParam: 'source',
      async handle(params, { options }) {
        const request = {
          source: params.optionalText('source') ?? '',
          pageSize: params.optionalInteger('limit', PAGE_RANGE) ?? 0,
          pageToken: params.optionalText('cursor') ?? '',
        };
        const page = await documents.listDocuments(request, options);
        return JSON.stringify({
          documents: page.documents.map((info) => ({
            id: info.documentId,
            source: info.source,
            title: info.title || undefined,
            source_url: info.sourceUrl,
            timestamp: info.timestamp?.toISOString() ?? null,
            updated_at: info.updatedAt?.toISOString() ?? null,
            text_bytes: Number(info.textBytes),
            passage_count: info.passageCount,
          })),
          nextCursor: page.nextPageToken || undefined,
        });
      },
    },
  };
}

function toDocument(document: Params) {
  const format = document.optionalChoice('format', ['plain', 'markdown'] as const);
  const metadata = document.optionalObject('metadata');
  return {
    documentId: document.text('id'),
    source: document.optionalText('source') ?? '',
    title: document.optionalText('title') ?? '',
    text: document.text('text'),
    format: format === undefined ? DocumentFormat.DOCUMENT_FORMAT_UNSPECIFIED : formatByName[format],
    sourceUrl: document.optionalText('source_url') ?? '',
    timestamp: document.optionalTime('timestamp'),
    metadataJson: metadata === undefined ? new Uint8Array(0) : toJsonBytes(metadata),
    type: document.optionalText('type') ?? '',
  };
}
