import type { Command } from 'commander';

import { UsageError } from '../cli-error.ts';
import { connect } from '../connect.ts';
import { MethodError } from '../json-rpc-client.ts';
import { formatTable, printForeign, printJson, printText } from '../output.ts';

/** The parts of MCP results that are printed. */
interface ListedTool {
  readonly name: string;
  readonly description?: string;
}
interface ToolResult {
  readonly content?: readonly ContentBlock[];
}
interface ContentBlock {
  readonly type: string;
  readonly text?: string;
}

/** The gateway gives 100 a page or more; a cluster with so many tools is a loop of cursors. */
const PAGES_MAX = 1_000;

/** Adds `tools` and `call`. */
export function registerCallCommands(program: Command): void {
  program
    .command('tools')
    .description('list the tools you may call')
    .action((_options, command: Command) => listTools(command));

  program
    .command('call')
    .description('call a tool')
    .argument('<tool>', 'its name')
    .argument('[arguments]', 'its arguments, a JSON object', '{}')
    .action(function call(this: Command, tool: string, text: string) {
      return callTool(this, tool, parseArguments(text));
    });
}

async function listTools(command: Command): Promise<void> {
  const { options, call } = await connect(command);
  const tools: ListedTool[] = [];
  let cursor: string | undefined;
  for (let page = 1; page === 1 || (cursor !== undefined && page <= PAGES_MAX); page += 1) {
    // The gateway's contract.
    const result = (await call('tools/list', cursor === undefined ? {} : { cursor })) as {
      readonly tools: readonly ListedTool[];
      readonly nextCursor?: string;
    };
    tools.push(...result.tools);
    cursor = result.nextCursor;
  }
  if (options.json) return printJson({ tools });
  printText(
    formatTable(
      ['TOOL', 'WHAT IT DOES'],
      tools.map(({ name, description = '' }) => [name, description]),
    ),
  );
}

async function callTool(command: Command, name: string, parameters: object): Promise<void> {
  const { options, call } = await connect(command);
  try {
    const result = (await call('tools/execute', { name, parameters })) as ToolResult;
    if (options.json) printJson(result);
    else if (result.content !== undefined) printForeign(describeContent(result.content));
  } catch (error) {
    throw explain(error, name);
  }
}

/** Of a tool that ran and failed, what it said is the only advice there is. */
function explain(error: unknown, tool: string): unknown {
  if (!(error instanceof MethodError) || error.reason !== 'TOOL_EXECUTION_FAILED') return error;
  const { code, data, status } = error;
  // The gateway's contract for this reason.
  const { content = [] } = data as ToolResult;
  return new MethodError(
    { code, message: `the tool "${tool}" ran and failed`, data },
    status,
    describeContent(content),
  );
}

function describeContent(content: readonly ContentBlock[]): string {
  return content.map(({ type, text }) => text ?? `[${type}]`).join('\n');
}

function parseArguments(text: string): object {
  const hint = `write a JSON object in single quotes, e.g. '{"message":"hello"}'`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError('the arguments are not valid JSON', { hint, cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new UsageError('the arguments are not a JSON object', { hint });
}
