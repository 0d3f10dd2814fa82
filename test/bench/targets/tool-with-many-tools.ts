import { runService } from '@gantry/runtime';
/** The tool service with hundreds of tools more, each with a schema of the size that tools have. */
import { parseConfig } from '@gantry/tool/config';
import { createToolService, type ToolServiceOptions } from '@gantry/tool/service';

import { echoResult } from './echo.ts';
import { MORE_TOOLS } from './more-tools.ts';

type Tool = NonNullable<ToolServiceOptions['tools']>[number];

const tools = Array.from({ length: MORE_TOOLS }, (_, index): Tool => ({
  definition: {
    name: `tool_${String(index).padStart(3, '0')}`,
    title: `Tool number ${index}`,
    description:
      'Looks up the records that match a query in one of the systems of a company, and returns them in pages.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'What to look for, in plain words.' },
        system: { type: 'string', enum: ['tickets', 'orders', 'people'], description: 'Where to look.' },
        limit: { type: 'integer', minimum: 1, maximum: 100, description: 'The most records to return.' },
      },
      required: ['query'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true },
    timeoutMs: 5_000,
  },
  run: async ({ query }) => echoResult(String(query)),
}));

await runService({
  name: 'tool',
  parseConfig,
  create: (config, platform) => createToolService(config, platform, { tools }),
});
