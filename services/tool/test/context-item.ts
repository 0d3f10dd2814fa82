import type { ContextItem } from '@gantry/protocol/gantry/context/v1/context_service';

/** A passage as the context service gives it, with the given parts replaced. */
export function contextItem(parts: Partial<ContextItem> = {}): ContextItem {
  return {
    id: 'p1',
    content: 'Bees dance.',
    type: 'document',
    source: 'docs',
    relevance: 1,
    score: 7.5,
    timestamp: undefined,
    sourceUrl: 'https://example.com/bees',
    documentId: 'bees',
    title: 'On bees',
    metadataJson: new Uint8Array(0),
    ...parts,
  };
}

/** The same passage as the context tools give it. */
export const passage = {
  id: 'p1',
  content: 'Bees dance.',
  source: 'docs',
  title: 'On bees',
  document_id: 'bees',
  source_url: 'https://example.com/bees',
  relevance: 1,
};
