import { type Command, InvalidArgumentError } from 'commander';

import { connect } from '../connect.ts';
import { printForeign, printJson, printText } from '../output.ts';

interface ContextItem {
  readonly content: string;
  readonly source: string;
  readonly metadata?: {
    readonly relevance?: number;
    readonly source_url?: string;
    readonly document_id?: string;
    readonly title?: string;
  };
}

interface ContextResult {
  readonly context: readonly ContextItem[];
  readonly total: number;
}

const CONTENT_CHARACTERS_MAX = 600;

/** Adds `context`. */
export function registerContextCommand(program: Command): void {
  program
    .command('context')
    .description('find the passages that answer a question')
    .argument('<question>', 'the question, in words')
    .option('--max <n>', 'how many passages', parseCount, 5)
    .option('--source <name...>', 'only these sources')
    .option('--full', 'print whole passages', false)
    .action(showContext);
}

async function showContext(
  query: string,
  { max, source, full }: { max: number; source?: string[]; full: boolean },
  command: Command,
): Promise<void> {
  const { options, call } = await connect(command);
  const result = (await call('context/get', {
    query,
    options: { maxResults: max, ...(source === undefined ? {} : { sources: source }) },
  })) as ContextResult;
  if (options.json) return printJson(result);
  if (result.context.length === 0) {
    return printText('Nothing fits. `npx gantry ingest <files or folders>` stores documents to find it in.');
  }
  result.context.forEach((item, index) => printForeign(formatItem(item, index + 1, full)));
  printText(`${result.context.length} of ${result.total} passages.`);
}

function formatItem({ content, source, metadata = {} }: ContextItem, rank: number, full: boolean): string {
  const { relevance = 0, title = '', document_id: id = '', source_url: url = '' } = metadata;
  const heading = `${rank}. ${title === '' ? id : title}  [${source}, relevance ${relevance.toFixed(2)}]`;
  const text =
    full || content.length <= CONTENT_CHARACTERS_MAX ? content : `${content.slice(0, CONTENT_CHARACTERS_MAX)}…`;
  return [heading, ...(url === '' ? [] : [`   ${url}`]), ...text.split('\n').map((line) => `   ${line}`), ''].join(
    '\n',
  );
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 50)
    throw new InvalidArgumentError('it is a number from 1 to 50.');
  return count;
}
