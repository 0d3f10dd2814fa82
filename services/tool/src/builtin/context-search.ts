import type { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import type { Client } from '@gantry/rpc';

import { succeed, type Tool } from '../domain/tool.ts';
import { describePassages, passageSchema, toPassage } from './passages.ts';

/** Creates the tool that searches one source, page by page. */
export function createContextSearch(context: Pick<Client<ContextServiceDefinition>, 'search'>): Tool {
  return {
    definition: {
      name: 'context_search',
      title: 'Search context',
      description: 'Searches the stored documents, one source or all of them, page by page.',
      inputSchema: {
        type: 'object',
        properties: {
          query: { type: 'string', minLength: 1, maxLength: 4_096, description: 'What to look for.' },
          source: { type: 'string', maxLength: 200, description: 'Only this source. Default: all.' },
          pageSize: { type: 'integer', minimum: 1, maximum: 50, description: 'Results a page. Default: 10.' },
          cursor: { type: 'string', maxLength: 1_000, description: 'nextCursor of the page before.' },
        },
        required: ['query'],
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: {
          results: { type: 'array', items: passageSchema },
          total: { type: 'integer' },
          nextCursor: { type: 'string' },
        },
        required: ['results', 'total'],
      },
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
      timeoutMs: 15_000,
    },
    async run({ query, source = '', pageSize = 0, cursor = '' }, call) {
      const request = {
        query: String(query),
        source: String(source),
        pageSize: Number(pageSize),
        pageToken: String(cursor),
      };
      const { items, total, nextPageToken } = await context.search(request, call);
      return succeed(describePassages(items, total), {
        results: items.map(toPassage),
        total: Number(total),
        ...(nextPageToken === '' ? {} : { nextCursor: nextPageToken }),
      });
    },
  };
}
