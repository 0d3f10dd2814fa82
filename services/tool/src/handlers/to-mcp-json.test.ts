import { expect, test } from 'vitest';

import { sampleTool } from '../../test/sample-tool.ts';
import type { ToolDefinition } from '../domain/tool.ts';
import { toToolsJson } from './to-mcp-json.ts';

const write = (...definitions: readonly ToolDefinition[]) => new TextDecoder().decode(toToolsJson(definitions));
const plain = sampleTool({ name: 'plain' }).definition;
const rich = sampleTool({
  name: 'rich',
  description: 'Grüße, \u{1F600} and "quotes".',
  outputSchema: { type: 'object', properties: { n: { type: 'integer' } } },
  annotations: { readOnlyHint: true },
  timeoutMs: 1,
}).definition;

test('tools are written in the shape of MCP, in their order, and with nothing else', () => {
  const { timeoutMs: _, ...shown } = rich;
  expect(JSON.parse(write(rich, plain))).toEqual([
    shown,
    { name: 'plain', title: 'Sample', description: 'A tool for tests.', inputSchema: { type: 'object' } },
  ]);
});

test('what a tool does not have is not there', () => {
  expect(write({ ...plain, title: '', description: '' })).toBe('[{"name":"plain","inputSchema":{"type":"object"}}]');
});

test('without tools it is an empty array', () => {
  expect(write()).toBe('[]');
});

test('a definition that has changed is written anew', () => {
  expect(write(plain)).not.toContain('Changed');
  expect(write({ ...plain, title: 'Changed' })).toContain('Changed');
  expect(write(plain)).not.toContain('Changed');
});
