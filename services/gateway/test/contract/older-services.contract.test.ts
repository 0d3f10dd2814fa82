import { ListToolsResponse, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';
import { expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test('a tool service that does not write lists as JSON yet is listed the same', async () => {
  const rich = {
    name: 'rich',
    title: 'Rich',
    description: 'Has "all".',
    inputSchema: { type: 'object', properties: { n: { type: 'integer' } } },
    outputSchema: { type: 'object' },
    annotations: { readOnlyHint: true },
  };
  const { inputSchema, outputSchema, annotations, ...texts } = rich;
  const tools = [
    Tool.create({
      ...texts,
      inputSchemaJson: bytes(inputSchema),
      outputSchemaJson: bytes(outputSchema),
      annotationsJson: bytes(annotations),
    }),
    Tool.create({ name: 'poor' }),
  ];
  const listTools = async () => ListToolsResponse.create({ tools, nextPageToken: 'x' });
  await using gateway = await GatewayFixture.start({ overrides: { tool: { listTools } } });
  expect(await gateway.result('tools/list')).toEqual({
    tools: [rich, { name: 'poor', inputSchema: { type: 'object' } }],
    nextCursor: 'x',
  });
});
