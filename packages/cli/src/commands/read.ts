import { writeFile } from 'node:fs/promises';

import type { Command } from 'commander';

import { CliError } from '../cli-error.ts';
import { connect } from '../connect.ts';
import { counted, printForeign, printJson, printText } from '../output.ts';

interface ResourceContent {
  readonly mimeType?: string;
  readonly text?: string;
  readonly blob?: string;
}
interface ReadResult {
  readonly contents?: readonly ResourceContent[];
}

/** Adds `read`. */
export function registerReadCommand(program: Command): void {
  program
    .command('read')
    .description('read a resource')
    .argument('<uri>', 'its URI, e.g. https://example.com/ or file:///srv/docs/a.md')
    .option('--out <file>', 'write it to a file, byte for byte')
    .action(readResource);
}

async function readResource(uri: string, { out }: { readonly out?: string }, command: Command): Promise<void> {
  const { options, call } = await connect(command);
  const result = (await call('resources/read', { uri })) as ReadResult;
  const [content] = result.contents ?? [];
  if (content === undefined) throw new CliError(`${uri} has no content`);
  if (out !== undefined) {
    const bytes = await save(content, out);
    return options.json
      ? printJson({ uri, file: out, bytes })
      : printText(`${counted(bytes, 'byte')} written to ${out}.`);
  }
  if (options.json) return printJson(result);
  if (content.text !== undefined) return printForeign(content.text);
  throw new CliError(`${uri} is ${content.mimeType ?? 'binary'}, which a terminal cannot show`, {
    hint: 'write it to a file with --out FILE',
  });
}

/** Returns how many bytes were written. */
async function save({ text, blob = '' }: ResourceContent, path: string): Promise<number> {
  const bytes = text === undefined ? Buffer.from(blob, 'base64') : Buffer.from(text);
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw new CliError(`${path} cannot be written`, { hint: 'does its folder exist, and may you write there?', cause });
  }
  return bytes.length;
}
