import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ReadStep } from './document.ts';
import { FILE_BYTES_MAX, readDocuments } from './read-file.ts';
import { LINE_BYTES_MAX } from './read-lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-read-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(name: string, content: string | Buffer): Promise<ReadStep[]> {
  const path = join(folder, name);
  await writeFile(path, content);
  return Array.fromAsync(
    readDocuments({ path, bytes: (await stat(path)).size, modifiedAt: new Date(0), source: 'notes' }),
  );
}

async function titleOf(markdown: string): Promise<string | undefined> {
  const [step] = await read('page.md', markdown);
  return step?.kind === 'document' ? step.document.title : undefined;
}

/** What became of each record: its document, or the error. */
async function readRecords(...lines: readonly (string | object)[]) {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  const steps = await read('records.jsonl', text);
  return steps.map((step) => (step.kind === 'document' ? step.document : step.error));
}

describe('whole files', () => {
  test('a text file becomes one document with its name, place and time', async () => {
    const path = join(folder, 'note.txt');
    expect(await read('note.txt', 'Hello.')).toEqual([
      {
        kind: 'document',
        where: path,
        bytes: 6,
        document: {
          id: path,
          text: 'Hello.',
          source: 'notes',
          title: 'note.txt',
          source_url: pathToFileURL(path).href,
          timestamp: '1970-01-01T00:00:00.000Z',
          format: 'plain',
        },
      },
    ]);
  });

  test.each([
    ['# A title\n\ntext', 'A title'],
    ['intro\n\n## Second level ##\n', 'Second level'],
    ['# C# and F# \n', 'C# and F#'],
    ['### Third level only', 'page.md'],
    ['#\n\nno title', 'page.md'],
    ['no heading', 'page.md'],
  ])('the title of the Markdown %j is %j', async (markdown, title) => {
    expect(await titleOf(markdown)).toBe(title);
  });

  test('an overlong heading is cut to what a title may be, at once', async () => {
    expect(await titleOf(`# ${'x'.repeat(1_000)}${' #'.repeat(500_000)}`)).toBe('x'.repeat(1_000));
  });

  test.each([
    ['that is empty', ' \n', 'is empty'],
    ['that is not UTF-8', Buffer.from([0xc3, 0x28]), 'is not UTF-8'],
    ['above the limit', 'x'.repeat(FILE_BYTES_MAX + 1), 'split it'],
  ])('a file %s is a failure that says so', async (_, content, error) => {
    expect(await read('bad.md', content)).toMatchObject([
      { kind: 'failure', where: join(folder, 'bad.md'), error: expect.stringContaining(error) },
    ]);
  });

  test('a file of the largest size is a document', async () => {
    expect(await read('large.txt', 'x'.repeat(FILE_BYTES_MAX))).toMatchObject([{ kind: 'document' }]);
  });

  test.each(['gone.md', 'gone.jsonl'])('%s, gone since it was found, is a failure and no crash', async (name) => {
    const file = { path: join(folder, name), bytes: 1, modifiedAt: new Date(0), source: 'notes' };
    expect(await Array.fromAsync(readDocuments(file))).toMatchObject([
      { kind: 'failure', error: expect.stringContaining('ENOENT') },
    ]);
  });
});

describe('records', () => {
  test('the fields of a record become those of a document, and the others its metadata', async () => {
    const record = {
      id: 'a',
      title: 'T',
      text: 'Text.',
      source_url: 'https://example.org/a',
      timestamp: '2026-01-01T00:00:00Z',
      source: 'elsewhere',
      author: 'Ada',
    };
    expect(await readRecords(record)).toEqual([
      {
        id: 'a',
        title: 'T',
        text: 'Text.',
        source: 'notes',
        source_url: 'https://example.org/a',
        timestamp: '2026-01-01T00:00:00Z',
        metadata: { source: 'elsewhere', author: 'Ada' },
      },
    ]);
  });

  test('ids may be numbers, unless JSON cannot tell them from their neighbours', async () => {
    expect(await readRecords('{"id":7,"text":"a"}', '{"id":1.5,"text":"b"}')).toMatchObject([
      { id: '7' },
      { id: '1.5' },
    ]);
    expect(await readRecords('{"id":9007199254740993,"text":"a"}')).toEqual([expect.stringContaining('no "id"')]);
  });

  test('each bad record is a failure of its own, at its line, and the good ones are read', async () => {
    const steps = await read(
      'r.jsonl',
      '{"id":"a","text":"x"}\n\nnot json\n[1]\n{"text":"x"}\n{"id":"b","text":"y"}\r\n',
    );
    const path = join(folder, 'r.jsonl');
    expect(steps.map(({ kind, where }) => [kind, where])).toEqual([
      ['document', `${path}:1`],
      ['failure', `${path}:3`],
      ['failure', `${path}:4`],
      ['failure', `${path}:5`],
      ['document', `${path}:6`],
    ]);
  });

  test.each([
    ['{"text":"x"}', 'has no "id"'],
    ['{"id":"","text":"x"}', 'has no "id"'],
    ['{"id":null,"text":"x"}', 'has no "id"'],
    ['{"id":"a"}', 'has no "text"'],
    ['{"id":"a","text":" "}', 'the "text" is empty'],
    ['{"id":"a","text":5}', 'has no "text"'],
    ['null', 'is not a JSON object'],
  ])('the record %s %s', async (line, error) => {
    expect(await readRecords(line)).toEqual([expect.stringContaining(error)]);
  });

  test('an overlong line and one that is not UTF-8 are failures, and the next is read', async () => {
    const steps = await read(
      'r.ndjson',
      Buffer.concat([
        Buffer.from([0xff, 0x0a]),
        Buffer.alloc(LINE_BYTES_MAX + 1, 'x'),
        Buffer.from('\n{"id":1,"text":"x"}'),
      ]),
    );
    expect(steps).toMatchObject([
      { kind: 'failure', error: expect.stringContaining('UTF-8') },
      { kind: 'failure', error: expect.stringContaining('longer'), bytes: LINE_BYTES_MAX + 2 },
      { kind: 'document' },
    ]);
  });
});
