import type { DocumentStore } from './ports.ts';
import { BATCH_DOCUMENTS_MAX } from './upsert-documents.ts';

/** Which documents. */
export interface DeleteDocuments {
  readonly tenantId: string;
  readonly source: string;
  readonly documentIds: readonly string[];
}

/** What became of them; an id given twice counts once. */
export interface DeletedDocuments {
  readonly deletedCount: number;
  readonly missingCount: number;
}

/** Deletes documents in transactions of BATCH_DOCUMENTS_MAX; after a failure, deleting the same again goes on. */
export async function deleteDocuments(
  store: Pick<DocumentStore, 'delete'>,
  { tenantId, source, documentIds }: DeleteDocuments,
  signal: AbortSignal,
): Promise<DeletedDocuments> {
  const ids = [...new Set(documentIds)];
  let deletedCount = 0;
  for (let from = 0; from < ids.length; from += BATCH_DOCUMENTS_MAX) {
    signal.throwIfAborted();
    const batch = ids.slice(from, from + BATCH_DOCUMENTS_MAX);
    deletedCount += await store.delete(
      tenantId,
      batch.map((documentId) => ({ source, documentId })),
    );
  }
  return { deletedCount, missingCount: ids.length - deletedCount };
}
