import type { CallToolResponse, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';

import type { ToolDefinition, ToolResult } from '../domain/tool.ts';

const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;

/** Returns a definition as the message. */
export function toTool(definition: ToolDefinition): Tool {
  const { name, title, description, inputSchema, outputSchema, annotations, timeoutMs } = definition;
  return {
    name,
    title,
    description,
    inputSchemaJson: toJsonBytes(inputSchema),
    outputSchemaJson: toJsonBytes(outputSchema),
    annotationsJson: toJsonBytes(annotations),
    timeout: {
      seconds: BigInt(Math.floor(timeoutMs / MS_PER_SECOND)),
      nanos: (timeoutMs % MS_PER_SECOND) * NANOS_PER_MS,
    },
  };
}

/** Returns a result as the last event of a call. */
export function toResultEvent({ content, structuredContent, isError }: ToolResult): CallToolResponse {
  return {
    event: {
      $case: 'result',
      value: {
        contentJson: toJsonBytes(content),
        structuredContentJson: toJsonBytes(structuredContent),
        isError,
        metaJson: new Uint8Array(0),
      },
    },
  };
}

/** Absent values are no bytes. */
function toJsonBytes(value: unknown): Uint8Array {
  return value === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(value));
}
