import { chmod, lstat, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { hydrateSymlinks } from './hydrate-symlinks.ts';

let folder: string;
let native: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-links-'));
  native = join(folder, 'native');
  await mkdir(join(native, 'lib'), { recursive: true });
  await writeFile(join(native, 'lib/libpq.so.5.18'), 'library');
  const links = ['libpq.so', 'libpq.so.5'].map((name) => ({
    source: 'native/lib/libpq.so.5.18',
    target: `native/lib/${name}`,
  }));
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('missing links are made, relative to their folder', async () => {
  expect(await hydrateSymlinks(native)).toBe(true);
  expect(await readlink(join(native, 'lib/libpq.so'))).toBe('libpq.so.5.18');
  expect(await readlink(join(native, 'lib/libpq.so.5'))).toBe('libpq.so.5.18');
});

test('several runs at once all succeed and leave nothing else behind', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => hydrateSymlinks(native)));
  expect(new Set(answers)).toEqual(new Set([true]));
  expect((await readdir(join(native, 'lib'))).toSorted()).toEqual(['libpq.so', 'libpq.so.5', 'libpq.so.5.18']);
});

test('a dangling link is replaced, and a file in its place is kept', async () => {
  await symlink('gone', join(native, 'lib/libpq.so'));
  await writeFile(join(native, 'lib/libpq.so.5'), 'a copy');
  expect(await hydrateSymlinks(native)).toBe(true);
  expect(await readlink(join(native, 'lib/libpq.so'))).toBe('libpq.so.5.18');
  expect((await lstat(join(native, 'lib/libpq.so.5'))).isFile()).toBe(true);
});

test('a read-only folder without the links is reported, one with them is fine', async () => {
  await chmod(folder, 0o755);
  await chmod(join(native, 'lib'), 0o555);
  expect(await withoutRoot(() => hydrateSymlinks(native))).toBe(false);

  await chmod(join(native, 'lib'), 0o755);
  await hydrateSymlinks(native);
  await chmod(join(native, 'lib'), 0o555);
  expect(await withoutRoot(() => hydrateSymlinks(native))).toBe(true);
  await chmod(join(native, 'lib'), 0o755);
});

test('a package without a list of links needs none', async () => {
  await rm(join(native, 'pg-symlinks.json'));
  expect(await hydrateSymlinks(native)).toBe(true);
});

/** Root may write everywhere, so a read-only folder is only seen by somebody else. */
async function withoutRoot<T>(operation: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return operation();
  process.seteuid?.(65_534);
  try {
    return await operation();
  } finally {
    process.seteuid?.(0);
  }
}
