import type { SearchRequest } from '@gantry/protocol/gantry/context/v1/context_service';
import { expect, test } from 'vitest';

import { contextItem, passage } from '../../test/context-item.ts';
import { sampleCall } from '../../test/sample-tool.ts';
import { createSchemaCompiler } from '../schema/ajv-schema-compiler.ts';
import { createContextSearch } from './context-search.ts';

function toolWith(nextPageToken: string) {
  const seen: [SearchRequest, unknown][] = [];
  const tool = createContextSearch({
    search: async (request, options) => {
      seen.push([request, options]);
      return { items: [contextItem()], total: 40n, nextPageToken, queryId: 'q1' };
    },
  });
  return { tool, seen };
}

test('asks the context service for the page it was asked for, with what the call came with', async () => {
  const { tool, seen } = toolWith('');
  const call = sampleCall();
  await tool.run({ query: 'bees', source: 'docs', pageSize: 5, cursor: 'more' }, call);
  await tool.run({ query: 'bees' }, call);
  expect(seen).toEqual([
    [{ query: 'bees', source: 'docs', pageSize: 5, pageToken: 'more' }, call],
    [{ query: 'bees', source: '', pageSize: 0, pageToken: '' }, call],
  ]);
});

test.each([
  ['more', { results: [passage], total: 40, nextCursor: 'more' }],
  ['', { results: [passage], total: 40 }],
])('gives the results and, while there is more, where to go on: %j', async (token, structuredContent) => {
  const { tool } = toolWith(token);
  const result = await tool.run({ query: 'bees' }, sampleCall());
  expect(result).toMatchObject({ isError: false, content: [{ text: expect.stringContaining('1 of 40 passages.') }] });
  expect(result.structuredContent).toEqual(structuredContent);
  const { outputSchema } = tool.definition;
  expect(outputSchema && createSchemaCompiler().validate(outputSchema, result.structuredContent, 'result')).toEqual([]);
});
