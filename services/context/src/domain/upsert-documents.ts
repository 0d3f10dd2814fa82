import { checkDocument } from './check-document.ts';
import type { Document, DocumentKey, IndexedDocument, UpsertResult } from './document.ts';
import { fingerprintOf, type IndexDeps, indexDocument } from './index-document.ts';
import type { DocumentStore } from './ports.ts';

/** The most documents of one transaction: enough to share the cost of a commit, few enough to wait for. */
export const BATCH_DOCUMENTS_MAX = 100;

/** The most passages of one transaction that has more than one document. */
export const BATCH_PASSAGES_MAX = 300;

/** What upserting needs. */
export interface UpsertDeps extends IndexDeps {
  readonly store: Pick<DocumentStore, 'readVersions' | 'upsert'>;
  readonly now: () => number;
  /** Tells whether the store refused the data itself, so that trying the same again cannot help. */
  readonly isDataError: (error: unknown) => boolean;
}

/** The result of a document the store refuses although it passed every check of ours. */
const notStorable: UpsertResult = { outcome: 'refused', error: 'the document has characters that cannot be stored' };

/**
 * Stores documents and returns one result each, in order. A document that cannot be stored is refused and the others
 * are not. One that comes twice is stored twice, in order.
 *
 * @throws the store's error when it is out of order; what was stored by then stays, and sending the same again goes on.
 */
export async function upsertDocuments(
  deps: UpsertDeps,
  { tenantId, documents }: { readonly tenantId: string; readonly documents: readonly Document[] },
  signal: AbortSignal,
): Promise<UpsertResult[]> {
  const results = new Map<number, UpsertResult>();
  const stored = await readFingerprints(deps, tenantId, documents);
  const batch = new Batch(deps, tenantId, results);
  try {
    for (const [index, document] of documents.entries()) {
      signal.throwIfAborted();
      const error = checkDocument(document);
      const unchanged = stored.get(keyOf(document));
      if (error !== undefined) results.set(index, { outcome: 'refused', error });
      else if (unchanged?.fingerprint === fingerprintOf(document, deps.hash)) {
        results.set(index, { outcome: 'unchanged', passageCount: unchanged.passageCount });
      } else {
        await batch.add(index, await indexDocument(document, deps.now(), deps));
        // What was read is out of date for a second document with the same key; the store will tell.
        stored.delete(keyOf(document));
      }
    }
    await batch.flush();
  } finally {
    await batch.settled();
  }
  return documents.map((_, index) => results.get(index) ?? notStorable);
}

async function readFingerprints({ store }: UpsertDeps, tenantId: string, documents: readonly Document[]) {
  const wellFormed = documents.filter((document) => checkDocument(document) === undefined);
  const versions = wellFormed.length === 0 ? [] : await store.readVersions(tenantId, wellFormed);
  return new Map(versions.map((version) => [keyOf(version), version]));
}

/** Collects documents until they are worth a transaction. */
class Batch {
  readonly #deps: UpsertDeps;
  readonly #tenantId: string;
  readonly #results: Map<number, UpsertResult>;
  readonly #documents = new Map<string, { readonly index: number; readonly document: IndexedDocument }>();
  #passages = 0;
  #storing: Promise<void> = Promise.resolve();

  constructor(deps: UpsertDeps, tenantId: string, results: Map<number, UpsertResult>) {
    this.#deps = deps;
    this.#tenantId = tenantId;
    this.#results = results;
  }

  async add(index: number, document: IndexedDocument): Promise<void> {
    const passages = this.#passages + document.passages.length;
    const isFull = this.#documents.size >= BATCH_DOCUMENTS_MAX || passages > BATCH_PASSAGES_MAX;
    if (isFull || this.#documents.has(keyOf(document))) await this.flush();
    this.#documents.set(keyOf(document), { index, document });
    this.#passages += document.passages.length;
  }

  /** Starts to store what was collected, after what is being stored; documents are indexed meanwhile. */
  async flush(): Promise<void> {
    const pending = [...this.#documents.values()];
    this.#documents.clear();
    this.#passages = 0;
    await this.#storing;
    this.#storing = this.#store(pending);
    // Whoever waits for it next is told; until then nobody may be there to listen.
    this.#storing.catch(() => undefined);
  }

  /** Resolves when nothing is being stored any more. */
  settled(): Promise<void> {
    return this.#storing;
  }

  async #store(pending: readonly { readonly index: number; readonly document: IndexedDocument }[]): Promise<void> {
    if (pending.length === 0) return;
    const { store, now, isDataError } = this.#deps;
    try {
      const documents = pending.map(({ document }) => document);
      const outcomes = await store.upsert(this.#tenantId, documents, now());
      for (const [position, { index }] of pending.entries())
        this.#results.set(index, outcomes[position] ?? notStorable);
    } catch (error) {
      if (!isDataError(error)) throw error;
      // One of them is the culprit: alone it is refused, and the others are stored.
      if (pending.length === 1) for (const { index } of pending) this.#results.set(index, notStorable);
      else for (const one of pending) await this.#store([one]);
    }
  }
}

/** Neither part can hold a NUL once it is checked, so the text names one key only. */
function keyOf({ source, documentId }: DocumentKey): string {
  return `${source}\0${documentId}`;
}
