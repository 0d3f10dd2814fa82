import { succeed, type Tool, type ToolCall, type ToolDefinition } from '../src/domain/tool.ts';

/** A tool that takes anything and says `done`, with the given parts replaced. */
export function sampleTool({ run, ...parts }: Partial<ToolDefinition & Pick<Tool, 'run'>> = {}): Tool {
  return {
    definition: {
      name: 'sample',
      title: 'Sample',
      description: 'A tool for tests.',
      inputSchema: { type: 'object' },
      timeoutMs: 60_000,
      ...parts,
    },
    run: run ?? (async () => succeed('done')),
  };
}

/** What a call passes on, with the given parts replaced. */
export function sampleCall(parts: Partial<ToolCall> = {}): ToolCall {
  return {
    assertion: 'an assertion',
    deadlineMs: Infinity,
    trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false },
    requestId: 'request-1',
    signal: new AbortController().signal,
    ...parts,
  };
}

/** The bytes of a value as JSON. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
