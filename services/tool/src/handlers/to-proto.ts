import type { CallToolResponse, Tool } from '@gantry/protocol/gantry/tool/v1/tool_service';

import { memoise } from '../domain/memoise.ts';
import type { SerializedResult, ToolDefinition } from '../domain/tool.ts';

const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;
const NO_BYTES = new Uint8Array(0);

/** Returns a definition as the message. It is written once: a catalog of hundreds of tools is listed often, and changes rarely. */
export const toTool = memoise((definition: ToolDefinition): Tool => {
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
});

/** Returns a result as the last event of a call. */
export function toResultEvent({ contentJson, structuredContentJson, isError }: SerializedResult): CallToolResponse {
  return { event: { $case: 'result', value: { contentJson, structuredContentJson, isError, metaJson: NO_BYTES } } };
}

/** Absent values are no bytes. */
function toJsonBytes(value: unknown): Uint8Array {
  return value === undefined ? NO_BYTES : Buffer.from(JSON.stringify(value));
}
