import { succeed, type Tool } from '../domain/tool.ts';

/** Returns its message; for trying out the whole way. */
export const echo: Tool = {
  definition: {
    name: 'echo',
    title: 'Echo',
    description: 'Returns the message it is given. Use it to check that tools can be called.',
    inputSchema: {
      type: 'object',
      properties: { message: { type: 'string', description: 'The message to return.' } },
      required: ['message'],
      additionalProperties: false,
    },
    outputSchema: {
      type: 'object',
      properties: { message: { type: 'string' } },
      required: ['message'],
    },
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    timeoutMs: 5_000,
  },
  async run({ message }) {
    return succeed(String(message), { message });
  },
};
