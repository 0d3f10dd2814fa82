import { succeed, type Tool, type ToolCall, type ToolCaller, type ToolDefinition } from '../src/domain/tool.ts';

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

const passedOn = {
  assertion: 'an assertion',
  deadlineMs: Infinity,
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false },
  requestId: 'request-1',
};

/** What a running tool sees of its call, with the given parts replaced. */
export function sampleCall(parts: Partial<ToolCall> = {}): ToolCall {
  return { ...passedOn, signal: new AbortController().signal, ...parts };
}

/** What is known of whoever calls, with the given parts replaced. */
export function sampleCaller(parts: Partial<ToolCaller> = {}): ToolCaller {
  return { ...passedOn, cancellation: new AbortController().signal, ...parts };
}

/** The bytes of a value as JSON. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
