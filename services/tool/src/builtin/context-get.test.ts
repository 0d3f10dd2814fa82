import type { GetContextRequest } from '@gantry/protocol/gantry/context/v1/context_service';
import { expect, test } from 'vitest';

import { contextItem, passage } from '../../test/context-item.ts';
import { sampleCall } from '../../test/sample-tool.ts';
import { createSchemaCompiler } from '../schema/ajv-schema-compiler.ts';
import { createContextGet } from './context-get.ts';

function toolWith(items = [contextItem()], total = 12n) {
  const seen: [GetContextRequest, unknown][] = [];
  const tool = createContextGet({
    getContext: async (request, options) => {
      seen.push([request, options]);
      return { items, total, queryId: 'q1' };
    },
  });
  return { tool, seen };
}

test('asks the context service what it was asked, with what the call came with', async () => {
  const { tool, seen } = toolWith();
  const call = sampleCall();
  await tool.run({ query: 'bees', maxResults: 3, sources: ['docs', 'mail'] }, call);
  await tool.run({ query: 'bees' }, call);
  expect(seen).toEqual([
    [{ query: 'bees', maxResults: 3, sources: ['docs', 'mail'], onePerDocument: false }, call],
    [{ query: 'bees', maxResults: 0, sources: [], onePerDocument: false }, call],
  ]);
});

test('gives the passages as text for the model and as data, each with its source', async () => {
  const bare = contextItem({ id: 'p2', title: '', sourceUrl: '', content: 'Wasps do not.', relevance: 0.5 });
  const { tool } = toolWith([contextItem(), bare]);
  const result = await tool.run({ query: 'bees' }, sampleCall());
  expect(result).toEqual({
    content: [
      {
        type: 'text',
        text: [
          '[1] On bees (docs) <https://example.com/bees>\nBees dance.',
          '[2] bees (docs)\nWasps do not.',
          '2 of 12 passages.',
        ].join('\n\n'),
      },
    ],
    structuredContent: {
      context: [passage, { ...passage, id: 'p2', title: '', source_url: '', content: 'Wasps do not.', relevance: 0.5 }],
      total: 12,
    },
    isError: false,
  });
  const { outputSchema } = tool.definition;
  expect(outputSchema && createSchemaCompiler().validate(outputSchema, result.structuredContent, 'result')).toEqual([]);
});

test('says so when nothing fits, which is no failure', async () => {
  const { tool } = toolWith([], 0n);
  expect(await tool.run({ query: 'bees' }, sampleCall())).toEqual({
    content: [{ type: 'text', text: 'Nothing fits. Try other words.' }],
    structuredContent: { context: [], total: 0 },
    isError: false,
  });
});
