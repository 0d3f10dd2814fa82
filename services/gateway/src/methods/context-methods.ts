import type { ContextClient } from '../clients/backends.ts';
import { methodNotYetAvailable } from '../errors.ts';
import { CONTENT_FORMATS, toContextItem } from './context-item.ts';
import { type Methods, needs } from './method.ts';

const RESULTS_DEFAULT = 10;

/** What the context methods need. */
export interface ContextMethodsOptions {
  readonly context: Pick<ContextClient, 'getContext' | 'search' | 'listSources'>;
  /** The most items one answer may have. */
  readonly itemsMax: number;
}

/** Creates `context/*`. */
export function createContextMethods({ context, itemsMax }: ContextMethodsOptions): Methods {
  const permission = needs('context', 'read');
  const countRange = { min: 1, max: itemsMax };
  const countDefault = Math.min(RESULTS_DEFAULT, itemsMax);
  return {
    'context/get': {
      permission,
      async handle(params, { options }) {
        const query = params.text('query');
        const wanted = params.nested('options');
        const view = {
          format: wanted.optionalChoice('format', CONTENT_FORMATS) ?? 'markdown',
          includeMetadata: wanted.optionalFlag('includeMetadata') ?? true,
        };
        const maxResults = wanted.optionalInteger('maxResults', countRange) ?? countDefault;
        const sources = wanted.optionalTexts('sources') ?? [];
        const answer = await context.getContext({ query, maxResults, sources, onePerDocument: false }, options);
        return JSON.stringify({
          context: answer.items.map((item) => toContextItem(item, view)),
          total: Number(answer.total),
          query_id: answer.queryId,
        });
      },
    },
    'context/search': {
      permission,
      targetParam: 'source',
      async handle(params, { options }) {
        const request = {
          query: params.text('query'),
          source: params.optionalText('source') ?? '',
          pageSize: params.optionalInteger('limit', countRange) ?? countDefault,
          pageToken: params.optionalText('cursor') ?? '',
        };
        const answer = await context.search(request, options);
        return JSON.stringify({
          results: answer.items.map((item) => toContextItem(item, { format: 'markdown', includeMetadata: true })),
          total: Number(answer.total),
          query_id: answer.queryId,
          nextCursor: answer.nextPageToken || undefined,
        });
      },
    },
    'context/sources': {
      permission,
      async handle(_params, { options }) {
        const { sources } = await context.listSources({}, options);
        return JSON.stringify({
          sources: sources.map(({ name, documentCount, passageCount, updatedAt }) => ({
            name,
            document_count: Number(documentCount),
            passage_count: Number(passageCount),
            updated_at: updatedAt?.toISOString() ?? null,
          })),
        });
      },
    },
    'context/stream': {
      permission,
      handle() {
        throw methodNotYetAvailable('context/stream', 'use context/get');
      },
    },
  };
}
