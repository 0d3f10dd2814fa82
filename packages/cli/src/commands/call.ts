import type { Command } from 'commander';

import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { connect } from '../connect.ts';
import { formatTable, printForeign, printJson, printText } from '../output.ts';

/** The parts of MCP results that are printed. */
interface ListedTool {
  readonly name: string;
  readonly description?: string;
}
interface ToolResult {
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
  readonly isError?: boolean;
}

/** The gateway gives 100 a page or more; a cluster with so many tools is a loop of cursors. */
const PAGES_MAX = 1_000;

/** Adds `tools` and `call`. */
export function registerCallCommands(program: Command, { setExitCode }: CommandContext): void {
  program
    .command('tools')
    .description('list the tools you may call')
    .action((_options, command: Command) => listTools(command));

  program
    .command('call')
    .description('call a tool')
    .argument('<tool>', 'its name')
    .argument('[arguments]', 'its arguments, a JSON object', '{}')
    .action(async function call(this: Command, tool: string, text: string) {
      if (await callTool(this, tool, parseArguments(text))) setExitCode(1);
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

/** Returns whether the tool ran and failed. */
async function callTool(command: Command, name: string, parameters: object): Promise<boolean> {
  const { options, call } = await connect(command);
  const result = (await call('tools/execute', { name, parameters })) as ToolResult;
  if (options.json) printJson(result);
  else for (const block of result.content ?? []) printForeign(block.text ?? `[${block.type}]`);
  return result.isError === true;
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
