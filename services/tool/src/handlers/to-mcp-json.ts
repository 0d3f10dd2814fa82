import { memoise } from '../domain/memoise.ts';
import type { ToolDefinition } from '../domain/tool.ts';

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');

/**
 * Writes definitions as a result of MCP's `tools/list` has them: a JSON array. A list is written once, and so is each
 * definition, for the lists of those who may not execute all.
 */
export const toToolsJson = memoise((definitions: readonly ToolDefinition[]): Uint8Array => {
  const parts = definitions.flatMap((definition, index) => [index === 0 ? OPEN : COMMA, toToolJson(definition)]);
  return Buffer.concat([...(parts.length === 0 ? [OPEN] : parts), CLOSE]);
});

/** What a definition does not have is not written, nor what is ours alone, such as how long a call may take. */
const toToolJson = memoise((definition: ToolDefinition): Buffer => {
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  const known = { name, title: title || undefined, description: description || undefined };
  return Buffer.from(JSON.stringify({ ...known, inputSchema, outputSchema, annotations }));
});
