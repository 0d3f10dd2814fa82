import { createStem } from '../src/domain/create-stem.ts';
import type { Document, IndexedDocument } from '../src/domain/document.ts';
import { indexDocument } from '../src/domain/index-document.ts';
import { hash } from '../src/store/hash.ts';

/** Creates a small document; what is given replaces its parts. */
export function sampleDocument(parts: Partial<Document> = {}): Document {
  return {
    source: 'docs',
    documentId: 'a',
    title: '',
    text: 'some text',
    format: 'plain',
    type: 'document',
    sourceUrl: '',
    writtenAtMs: undefined,
    metadataJson: '{}',
    ...parts,
  };
}

/** Indexes a small document. */
export function sampleIndexed(parts: Partial<Document> = {}, nowMs = 0): Promise<IndexedDocument> {
  const deps = { hash, stem: createStem(), pause: () => Promise.resolve() };
  return indexDocument(sampleDocument(parts), nowMs, deps);
}
