import { expect, test } from 'vitest';

import { sampleTool } from '../../test/sample-tool.ts';
import { definitionHash } from './definition-hash.ts';

const { definition } = sampleTool({
  inputSchema: { type: 'object', properties: { a: { type: 'string' }, b: { enum: [1, 2] } } },
});

test('is a SHA-256 that does not depend on the order of the fields, at any depth', () => {
  const { name, inputSchema: _, ...rest } = definition;
  const reordered = {
    ...rest,
    inputSchema: { properties: { b: { enum: [1, 2] }, a: { type: 'string' } }, type: 'object' as const },
    name,
  };
  expect(definitionHash(definition)).toHaveLength(32);
  expect(definitionHash(reordered)).toEqual(definitionHash(definition));
});

test.each([
  { description: 'Another.' },
  { timeoutMs: 1 },
  { inputSchema: { type: 'object' as const, properties: { a: { type: 'string' }, b: { enum: [2, 1] } } } },
  { annotations: {} },
])('changes with %j', (change) => {
  expect(definitionHash({ ...definition, ...change })).not.toEqual(definitionHash(definition));
});
