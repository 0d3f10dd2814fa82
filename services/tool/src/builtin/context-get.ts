import type { ContextServiceDefinition } from '@gantry/protocol/gantry/context/v1/context_service';
import type { Client } from '@gantry/rpc';

import { succeed, type Tool } from '../domain/tool.ts';
import { describePassages, passageSchema, toPassage } from './passages.ts';

/** Creates the tool by which an agent that knows only MCP asks the context engine. */
export function createContextGet(context: Pick<Client<ContextServiceDefinition>, 'getContext'>): Tool {
  return {
    definition: {
      name: 'context_get',
      title: 'Get context',
      description: 'Finds the passages of the stored documents that best answer a question, each with its source.',
      inputSchema: {
        type: 'object',
        properties: {
          query: { type: 'string', minLength: 1, maxLength: 4_096, description: 'The question, in words.' },
          maxResults: { type: 'integer', minimum: 1, maximum: 50, description: 'How many passages. Default: 10.' },
          sources: {
            type: 'array',
            items: { type: 'string', maxLength: 200 },
            maxItems: 100,
            description: 'Only these sources. Default: all.',
          },
        },
        required: ['query'],
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: { context: { type: 'array', items: passageSchema }, total: { type: 'integer' } },
        required: ['context', 'total'],
      },
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
      timeoutMs: 15_000,
    },
    async run({ query, maxResults = 0, sources }, call) {
      const request = {
        query: String(query),
        maxResults: Number(maxResults),
        sources: Array.isArray(sources) ? sources.map(String) : [],
        onePerDocument: false,
      };
      const { items, total } = await context.getContext(request, call);
      return succeed(describePassages(items, total), { context: items.map(toPassage), total: Number(total) });
    },
  };
}
