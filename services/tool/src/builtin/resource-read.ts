import type { ResourceServiceDefinition } from '@gantry/protocol/gantry/resource/v1/resource_service';
import type { Client } from '@gantry/rpc';

import { failWith, succeed, type Tool } from '../domain/tool.ts';

/**
 * The text is in the result twice, a character takes up to 6 bytes of JSON, and a result may have 1 MiB. The resource itself
 * can be read whole by resources/read.
 */
export const TEXT_CHARACTERS_MAX = 80_000;

/** Creates the tool that reads a resource as text. */
export function createResourceRead(resource: Pick<Client<ResourceServiceDefinition>, 'readResource'>): Tool {
  return {
    definition: {
      name: 'resource_read',
      title: 'Read a resource',
      description: 'Reads a file or a web page by its URI and returns its text.',
      inputSchema: {
        type: 'object',
        properties: {
          uri: { type: 'string', minLength: 1, maxLength: 2_048, description: 'The URI, e.g. https://example.com/.' },
        },
        required: ['uri'],
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: {
          uri: { type: 'string' },
          mime_type: { type: 'string' },
          text: { type: 'string' },
          is_truncated: { type: 'boolean' },
        },
        required: ['uri', 'mime_type', 'text', 'is_truncated'],
      },
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: true },
      timeoutMs: 20_000,
    },
    async run({ uri }, call) {
      const {
        content,
        mimeType,
        uri: normalised,
      } = await resource.readResource({ uri: String(uri), bypassCache: false }, call);
      if (content?.$case !== 'text') {
        return failWith(
          `${normalised} is ${mimeType === '' ? 'binary' : mimeType}, not text; read it with resources/read`,
        );
      }
      const isTruncated = content.value.length > TEXT_CHARACTERS_MAX;
      const text = isTruncated ? content.value.slice(0, TEXT_CHARACTERS_MAX).toWellFormed() : content.value;
      const note = isTruncated ? `\n\n[cut after ${TEXT_CHARACTERS_MAX} characters]` : '';
      return succeed(`${text}${note}`, { uri: normalised, mime_type: mimeType, text, is_truncated: isTruncated });
    },
  };
}
