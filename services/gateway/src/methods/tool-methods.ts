import { isAppError } from '@gantry/errors';
import type {
  CallToolRequest,
  ListToolsResponse,
  Tool,
  ToolResult,
} from '@gantry/protocol/gantry/tool/v1/tool_service';

import type { ToolClient } from '../clients/backends.ts';
import { backendBrokeContract, toolFailed } from '../errors.ts';
import { toJsonBytes, toJsonText } from './json-bytes.ts';
import { type MethodCall, type Methods, needsSome } from './method.ts';
import { metaMember } from './modern-result.ts';
import type { Params } from './params.ts';

const NO_BYTES = new Uint8Array(0);

/** Reasons that are the model's to mend: from 2026-07-28 on it is told as of a tool that failed, and not its client. */
const ARGUMENT_REASONS: ReadonlySet<string> = new Set(['TOOL_ARGUMENTS_INVALID', 'TOOL_ARGUMENTS_TOO_LARGE']);

/** Creates `tools/*`. Whether the principal may execute a tool is the tool service's to say: to others it does not exist. */
export function createToolMethods(tools: ToolClient): Methods {
  const seeing = needsSome('tools', 'read', 'execute');
  const executing = needsSome('tools', 'execute');
  return {
    'tools/list': {
      permission: seeing,
      async handle(params, { options }) {
        const pageToken = params.optionalText('cursor') ?? '';
        const page = await tools.listTools({ pageSize: 0, pageToken, asJson: true }, options);
        const cursor = page.nextPageToken === '' ? '' : `,"nextCursor":${JSON.stringify(page.nextPageToken)}`;
        return `{"tools":${toToolsText(page)}${cursor}}`;
      },
    },
    'tools/schema': {
      permission: seeing,
      targetParam: 'name',
      async handle(params, { options }) {
        const { tool } = await tools.getTool({ name: params.text('name') }, options);
        if (tool === undefined) throw backendBrokeContract('tool', 'GetTool answered without a tool');
        return toJsonText(tool.inputSchemaJson, '{}');
      },
    },
    'tools/execute': {
      permission: executing,
      targetParam: 'name',
      handle: (params, call) => execute(tools, call, toExecution(params, 'parameters')),
    },
    'tools/call': {
      permission: executing,
      targetParam: 'name',
      handle: (params, call) => execute(tools, call, toExecution(params, 'arguments')),
    },
  };
}

function toExecution(params: Params, argumentsName: 'parameters' | 'arguments'): CallToolRequest {
  const given = params.optionalObjectJson(argumentsName);
  return {
    name: params.text('name'),
    argumentsJson: given.length > 0 || argumentsName === 'arguments' ? given : params.optionalObjectJson('arguments'),
    idempotencyKey: '',
    metaJson: params.optionalObjectJson('_meta'),
  };
}

function execute(tools: ToolClient, call: MethodCall, request: CallToolRequest): Promise<string> {
  let result: ToolResult | undefined;
  // To its end: leaving a stream early resets it, and thousands of resets end the session with all its calls.
  const ended = tools.callTool(request, call.options).each(({ event }) => {
    // Progress and logs have nowhere to go: the answer is one message.
    if (event?.$case === 'result') result = event.value;
    if (event?.$case === 'inputRequired') throw backendBrokeContract('tool', 'CallTool asked for input');
  });
  return ended.then(
    () => toText(call, request, result),
    (error: unknown) => toText(call, request, toArgumentsResult(call, error)),
  );
}

function toText({ dialect }: MethodCall, request: CallToolRequest, result: ToolResult | undefined): string {
  if (result === undefined) throw backendBrokeContract('tool', 'CallTool ended without a result');
  const content = toJsonText(result.contentJson, '[]');
  if (result.isError && dialect === 'native') throw toolFailed(request.name, content);
  return `{"content":${content}${member('structuredContent', result.structuredContentJson)},"isError":${result.isError}${metaMember(dialect, result.metaJson)}}`;
}

/** Since 2025-11-25 arguments that break the tool's schema are for the model to mend: a result, not an error. */
function toArgumentsResult({ dialect }: MethodCall, error: unknown): ToolResult {
  if (dialect !== 'modern' || !isAppError(error) || !ARGUMENT_REASONS.has(error.reason)) throw error;
  const contentJson = toJsonBytes([{ type: 'text', text: error.message }]);
  return { contentJson, structuredContentJson: NO_BYTES, isError: true, metaJson: NO_BYTES };
}

/** Returns a page as MCP shows it. During a rolling update the tool service may be one that does not write JSON yet. */
function toToolsText({ tools, toolsJson }: ListToolsResponse): string {
  return toJsonText(toolsJson, '') || `[${tools.map(toToolText).join(',')}]`;
}

/** Writes a tool as MCP shows it, its schemas as they are stored. */
function toToolText(tool: Tool): string {
  const { name, title, description } = tool;
  const known = JSON.stringify({ name, title: title || undefined, description: description || undefined });
  const input = toJsonText(tool.inputSchemaJson, '{"type":"object"}');
  const rest = `${member('outputSchema', tool.outputSchemaJson)}${member('annotations', tool.annotationsJson)}`;
  return `${known.slice(0, -1)},"inputSchema":${input}${rest}}`;
}

function member(name: string, json: Uint8Array): string {
  return json.length === 0 ? '' : `,"${name}":${toJsonText(json, 'null')}`;
}
