import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { IngestDocument, ReadStep } from './document.ts';
import type { FoundFile } from './find-files.ts';
import { LINE_BYTES_MAX, readLines } from './read-lines.ts';

/** The gateway takes documents of up to 2 MiB of text. */
export const FILE_BYTES_MAX = 2 * 1024 * 1024;
/** The gateway takes titles of up to 1,000 characters. */
const TITLE_CHARACTERS_MAX = 1_000;

/** Reads the documents of a file: one for text and Markdown, one a line for JSON Lines. Never throws for bad content. */
export async function* readDocuments(file: FoundFile): AsyncGenerator<ReadStep> {
  const ending = extname(file.path).toLowerCase();
  if (ending === '.jsonl' || ending === '.ndjson') yield* readRecords(file);
  else yield await readWhole(file, ending === '.md' || ending === '.markdown' ? 'markdown' : 'plain');
}

async function readWhole(file: FoundFile, format: 'plain' | 'markdown'): Promise<ReadStep> {
  const { path, bytes } = file;
  const failure = (error: string): ReadStep => ({ kind: 'failure', where: path, error, bytes });
  if (bytes > FILE_BYTES_MAX) return failure(`has ${bytes} bytes; a document may have ${FILE_BYTES_MAX}: split it`);
  try {
    const text = decodeUtf8(await readFile(path));
    if (text === undefined) return failure('is not UTF-8 text; convert it first');
    if (text.trim() === '') return failure('is empty');
    return { kind: 'document', where: path, bytes, document: wholeDocument(file, text, format) };
  } catch (error) {
    return failure(`cannot be read: ${messageOf(error)}`);
  }
}

function wholeDocument(file: FoundFile, text: string, format: 'plain' | 'markdown'): IngestDocument {
  return {
    // The same file is the same document, from whichever folder and however it is named.
    id: resolve(file.path),
    text,
    source: file.source,
    title: (format === 'markdown' ? headingOf(text) : undefined) ?? basename(file.path),
    source_url: pathToFileURL(resolve(file.path)).href,
    timestamp: file.modifiedAt.toISOString(),
    format,
  };
}

async function* readRecords({ path, source }: FoundFile): AsyncGenerator<ReadStep> {
  let number = 0;
  try {
    for await (const line of readLines(createReadStream(path))) {
      number += 1;
      const where = `${path}:${number}`;
      if (line.kind === 'line' && line.text.trim() === '') continue;
      if (line.kind === 'line') yield readRecord(line.text, { where, source, bytes: line.bytes });
      else yield { kind: 'failure', where, error: LINE_ERRORS[line.kind], bytes: line.bytes };
    }
  } catch (error) {
    yield { kind: 'failure', where: path, error: `cannot be read: ${messageOf(error)}`, bytes: 0 };
  }
}

const LINE_ERRORS = {
  overlong: `is longer than a line may be (${LINE_BYTES_MAX} bytes)`,
  'not-utf8': 'is not UTF-8 text; convert the file first',
} as const;

function readRecord(text: string, at: { where: string; source: string; bytes: number }): ReadStep {
  const failure = (error: string): ReadStep => ({ kind: 'failure', where: at.where, error, bytes: at.bytes });
  const record = parseObject(text);
  if (record === undefined) return failure('is not a JSON object');
  const { id, title, text: body, source_url: sourceUrl, timestamp, ...metadata } = record;
  const documentId = parseId(id);
  if (documentId === undefined)
    return failure('has no "id" (a string, or a number that JSON can tell from its neighbours)');
  if (typeof body !== 'string') return failure('has no "text" (a string)');
  if (body.trim() === '') return failure('the "text" is empty');
  const document: IngestDocument = {
    id: documentId,
    text: body,
    source: at.source,
    ...(typeof title === 'string' && { title }),
    ...(typeof sourceUrl === 'string' && { source_url: sourceUrl }),
    ...(typeof timestamp === 'string' && { timestamp }),
    metadata,
  };
  return { kind: 'document', where: at.where, bytes: at.bytes, document };
}

/** Beyond the safe integers two ids of the file would become one. */
function parseId(id: unknown): string | undefined {
  if (typeof id === 'number') return Math.abs(id) <= Number.MAX_SAFE_INTEGER ? String(id) : undefined;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // An object that is not an array has string keys.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Returns the first heading of the first two levels. */
function headingOf(markdown: string): string | undefined {
  const line = /^#{1,2}[ \t]+(\S.*)$/m.exec(markdown)?.[1]?.slice(0, TITLE_CHARACTERS_MAX);
  return line?.replace(/[ \t]#+[ \t]*$/, '').trim();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
