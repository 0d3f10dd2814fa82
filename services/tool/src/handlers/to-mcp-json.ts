import type { ToolDefinition } from '../domain/tool.ts';

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');

/** Definitions as they were written last: a catalog of hundreds of tools is listed often, and changes rarely. */
const jsonByDefinition = new WeakMap<ToolDefinition, Buffer>();

/** Writes definitions as a result of MCP's `tools/list` has them: a JSON array. */
export function toToolsJson(definitions: readonly ToolDefinition[]): Uint8Array {
  const parts = definitions.flatMap((definition, index) => [index === 0 ? OPEN : COMMA, toToolJson(definition)]);
  return Buffer.concat([...(parts.length === 0 ? [OPEN] : parts), CLOSE]);
}

function toToolJson(definition: ToolDefinition): Buffer {
  const known = jsonByDefinition.get(definition);
  if (known !== undefined) return known;
  const json = writeTool(definition);
  jsonByDefinition.set(definition, json);
  return json;
}

/** What a definition does not have is not written, nor what is ours alone, such as how long a call may take. */
function writeTool(definition: ToolDefinition): Buffer {
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  const known = { name, title: title || undefined, description: description || undefined };
  return Buffer.from(JSON.stringify({ ...known, inputSchema, outputSchema, annotations }));
}
