/** A JSON Schema 2020-12 document whose root describes an object. */
export type ObjectSchema = Readonly<Record<string, unknown>> & { readonly type: 'object' };

/** MCP tool annotations: hints for clients, never a basis of a decision of ours. */
interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** What is known of a tool without running it. */
export interface ToolDefinition {
  /** 1 to 128 of `A-Za-z0-9_.-`. */
  readonly name: string;
  readonly title: string;
  /** What it does, for the model. */
  readonly description: string;
  readonly inputSchema: ObjectSchema;
  readonly outputSchema?: ObjectSchema;
  readonly annotations?: ToolAnnotations;
  /** How long one call may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** An MCP content block; only the kinds the built-in tools make. */
type ContentBlock = { readonly type: 'text'; readonly text: string };

/** How a call ended, for the model. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: unknown;
  /** Whether the tool ran and failed. */
  readonly isError: boolean;
}

/** A result as JSON bytes: as it goes to the client. */
export interface SerializedResult {
  readonly contentJson: Uint8Array;
  /** Empty when there is none. */
  readonly structuredContentJson: Uint8Array;
  readonly isError: boolean;
}

/** What a call brings for the services that its tool calls. */
interface PassedOn {
  readonly assertion: string | undefined;
  /** Epoch milliseconds. */
  readonly deadlineMs: number;
  readonly trace: { readonly traceId: string; readonly spanId: string; readonly sampled: boolean };
  readonly requestId: string;
}

/** Tells that nobody waits for the answer any more. An AbortSignal is one; making one for each call would cost more than the rest. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What is known of whoever calls a tool. */
export interface ToolCaller extends PassedOn {
  readonly cancellation: Cancellation;
}

/** What a running tool passes on to the services it calls, and is ended by. */
export interface ToolCall extends PassedOn {
  readonly signal: AbortSignal;
}

/** Runs a tool with arguments that its schema has accepted. */
type RunTool = (parameters: Readonly<Record<string, unknown>>, call: ToolCall) => Promise<ToolResult>;

/** A tool that can be run. */
export interface Tool {
  readonly definition: ToolDefinition;
  readonly run: RunTool;
}

/** Returns the result of a tool that did what it was asked: a text for the model, and the same as data. */
export function succeed(text: string, structuredContent?: unknown): ToolResult {
  return {
    content: [{ type: 'text', text }],
    isError: false,
    ...(structuredContent === undefined ? {} : { structuredContent }),
  };
}

/** Returns the result of a tool that ran and failed: a text that tells the model what to do. */
export function failWith(text: string): ToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}
