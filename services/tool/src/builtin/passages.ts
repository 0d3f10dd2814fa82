import type { ContextItem } from '@gantry/protocol/gantry/context/v1/context_service';

/** The JSON Schema of a passage, as the context tools return it. */
export const passageSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    content: { type: 'string' },
    source: { type: 'string' },
    title: { type: 'string' },
    document_id: { type: 'string' },
    source_url: { type: 'string' },
    relevance: { type: 'number', description: 'How well it fits, from 0 to 1.' },
  },
  required: ['id', 'content', 'source', 'document_id', 'relevance'],
} as const;

/** A passage, as the context tools return it. */
export function toPassage(item: ContextItem) {
  return {
    id: item.id,
    content: item.content,
    source: item.source,
    title: item.title,
    document_id: item.documentId,
    source_url: item.sourceUrl,
    relevance: item.relevance,
  };
}

/** Writes passages for a model: each with its source, best first. */
export function describePassages(items: readonly ContextItem[], total: bigint): string {
  if (items.length === 0) return 'Nothing fits. Try other words.';
  const passages = items.map((item, index) => {
    const url = item.sourceUrl === '' ? '' : ` <${item.sourceUrl}>`;
    return `[${index + 1}] ${item.title === '' ? item.documentId : item.title} (${item.source})${url}\n${item.content}`;
  });
  return `${passages.join('\n\n')}\n\n${items.length} of ${total} passages.`;
}
