import type { ContextItem } from '@gantry/protocol/gantry/context/v1/context_service';

import { isObject } from '../json-rpc/parse-message.ts';
import { fromJsonBytes } from './json-bytes.ts';
import { toPlainText } from './plain-text.ts';

/** How the content of an item is written. */
export const CONTENT_FORMATS = ['markdown', 'plain', 'json'] as const;

/** How items are shown. */
export interface ItemView {
  readonly format: (typeof CONTENT_FORMATS)[number];
  readonly includeMetadata: boolean;
}

/** Returns an item as the native dialect shows it. */
export function toContextItem(item: ContextItem, { format, includeMetadata }: ItemView) {
  const { id, type, source } = item;
  const shown = { id, content: contentOf(item, format), type, source };
  return includeMetadata ? { ...shown, metadata: metadataOf(item) } : shown;
}

function contentOf({ content, title, sourceUrl }: ContextItem, format: ItemView['format']): string {
  switch (format) {
    case 'markdown':
      // Passages are kept as they were written, and plain text is Markdown.
      return content;
    case 'plain':
      return toPlainText(content);
    case 'json':
      return JSON.stringify({ title, text: content, source_url: sourceUrl });
    default:
      return format satisfies never;
  }
}

function metadataOf(item: ContextItem) {
  const own = fromJsonBytes(item.metadataJson);
  return {
    ...(isObject(own) ? own : {}),
    timestamp: item.timestamp?.toISOString() ?? null,
    relevance: item.relevance,
    source_url: item.sourceUrl,
    document_id: item.documentId,
    ...(item.title === '' ? {} : { title: item.title }),
  };
}
