import { type Command, InvalidArgumentError } from 'commander';

import { CliError } from '../cli-error.ts';
import { connect } from '../connect.ts';
import type { CallMethod } from '../json-rpc-client.ts';
import { counted, printForeign, printJson, printText } from '../output.ts';

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
/** The gateway lists no more; whoever has as many may have others. */
const SOURCES_LISTED_MAX = 1_000;
/** Enough to see a slip of the pen, and not a screenful. */
const SOURCES_SHOWN_MAX = 20;

/** Adds `context`. */
export function registerContextCommand(program: Command): void {
  program
    .command('context')
    .description('find the passages that answer a question')
    .argument('<question>', 'the question, in words, e.g. "how are passages ranked?"')
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
  if (result.context.length === 0 && source !== undefined) await requireSources(source, call);
  if (options.json) return printJson(result);
  if (result.context.length === 0) {
    return printText('Nothing fits. `npx gantry ingest <files or folders>` stores documents to find it in.');
  }
  result.context.forEach((item, index) => printForeign(formatItem(item, index + 1, full)));
  printText(`${result.context.length} of ${counted(result.total, 'passage')}.`);
}

/** To search a source that does not exist is a slip of the pen, while to find nothing in one that does is an answer. */
async function requireSources(names: readonly string[], call: CallMethod): Promise<void> {
  const { sources } = (await call('context/sources', {})) as { readonly sources: readonly { readonly name: string }[] };
  const known = sources.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0 || known.length >= SOURCES_LISTED_MAX) return;
  const shown = known.slice(0, SOURCES_SHOWN_MAX).join(', ') + (known.length > SOURCES_SHOWN_MAX ? ', …' : '');
  throw new CliError(`no source has the name ${unknown.map((name) => `"${name}"`).join(' or ')}`, {
    hint: known.length === 0 ? 'there are none yet: `npx gantry ingest` makes them' : `there are: ${shown}`,
  });
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
