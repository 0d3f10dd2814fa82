import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { CliError } from '../cli-error.ts';
import { findFiles } from './find-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-find-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function place(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), 'text');
  }
}

async function namesOf(paths: readonly string[]): Promise<string[]> {
  const { files } = await findFiles(paths, undefined);
  return files.map(({ path }) => path.slice(folder.length + 1));
}

test('folders are searched to the bottom, in order, for endings that hold text', async () => {
  await place('b.md', 'a/2.TXT', 'a/1.rst', 'a/deep/er/x.jsonl', 'a/picture.png', 'a/program.ts', 'c.ndjson');
  expect(await namesOf([folder])).toEqual(['a/1.rst', 'a/2.TXT', 'a/deep/er/x.jsonl', 'b.md', 'c.ndjson']);
});

test('files of other endings are counted, and what is hidden is not', async () => {
  await place('a.md', 'picture.png', 'deep/program.ts', 'LICENSE', '.hidden.ts', 'node_modules/a.ts');
  expect(await findFiles([folder], undefined)).toMatchObject({ files: [{ bytes: 4 }], passedOverCount: 3 });
});

test('hidden things and node_modules are left out', async () => {
  await place('.hidden.md', '.git/a.md', 'node_modules/package/README.md', 'sub/node_modules/b.md', 'seen.md');
  expect(await namesOf([folder])).toEqual(['seen.md']);
});

test('links below a folder are passed over, so a loop of links ends; a link that is named is followed', async () => {
  await place('docs/a.md');
  await symlink(folder, join(folder, 'docs', 'loop'));
  await symlink(join(folder, 'docs', 'a.md'), join(folder, 'docs', 'link.md'));
  expect(await namesOf([join(folder, 'docs')])).toEqual(['docs/a.md']);
  expect(await namesOf([join(folder, 'docs', 'link.md')])).toEqual(['docs/link.md']);
});

test('a file that is named is taken whatever its ending, and knows its size', async () => {
  await place('LICENSE');
  const { files, passedOverCount } = await findFiles([join(folder, 'LICENSE')], undefined);
  const [file] = files;
  expect(file).toMatchObject({ path: join(folder, 'LICENSE'), bytes: 4, source: 'files' });
  expect(file?.modifiedAt).toBeInstanceOf(Date);
  expect(passedOverCount).toBe(0);
});

test('the source is the folder, the file of records, or what was asked for', async () => {
  await place('a.md', 'records.jsonl');
  const sourcesOf = async (paths: readonly string[], source?: string) =>
    (await findFiles(paths, source)).files.map((file) => file.source);
  expect(await sourcesOf([folder])).toEqual([basename(folder), basename(folder)]);
  expect(await sourcesOf([join(folder, 'records.jsonl')])).toEqual(['records']);
  expect(await sourcesOf([folder, join(folder, 'records.jsonl')], 'mine')).toEqual(['mine', 'mine', 'mine']);
});

test('a path that does not exist is named, with what to do', async () => {
  const missing = join(folder, 'missing');
  const failure = await findFiles([missing], undefined).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CliError);
  expect(failure).toMatchObject({ message: `${missing} cannot be read`, hint: expect.stringContaining('exist') });
});

test('what is neither file nor folder is refused instead of read for ever', async () => {
  await using socket = createServer();
  socket.listen(join(folder, 'socket.md'));
  await once(socket, 'listening');
  await expect(findFiles([join(folder, 'socket.md')], undefined)).rejects.toThrow('neither a file nor a folder');
  expect(await namesOf([folder])).toEqual([]);
});

test('as many files as the cap are found, and one more is refused', async () => {
  await place('1.md', '2.md', '3.md');
  expect((await findFiles([folder], undefined, 3)).files).toHaveLength(3);
  await expect(findFiles([folder], undefined, 2)).rejects.toThrow('more than 2 files');
  await expect(findFiles([join(folder, '1.md'), join(folder, '2.md')], undefined, 1)).rejects.toThrow(
    'more than 1 files',
  );
});
