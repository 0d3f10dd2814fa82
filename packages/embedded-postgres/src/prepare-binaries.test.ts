import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { prepareBinaries } from './prepare-binaries.ts';

// Nobody in these tests owns files, so that the bits for everybody count.
const STRANGER = { uid: 54_321, gid: 54_321 };

let folder: string;
let nativeDirectory: string;
let copyDirectory: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-binaries-'));
  await chmod(folder, 0o755);
  nativeDirectory = join(folder, 'package/native');
  copyDirectory = join(folder, 'copies/postgres-18');
  for (const name of ['bin', 'lib', 'share/postgresql']) await mkdir(join(nativeDirectory, name), { recursive: true });
  for (const name of ['bin/postgres', 'bin/initdb'])
    await writeFile(join(nativeDirectory, name), 'program', { mode: 0o755 });
  await writeFile(join(nativeDirectory, 'lib/libpq.so.5'), 'library');
  await writeFile(
    join(nativeDirectory, 'pg-symlinks.json'),
    '[{"source":"native/lib/libpq.so.5","target":"native/lib/libpq.so"}]',
  );
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('binaries that the account can run are used where they are, with their links made', async () => {
  expect(await prepareBinaries({ nativeDirectory, account: STRANGER, copyDirectory })).toBe(nativeDirectory);
  expect(await readlink(join(nativeDirectory, 'lib/libpq.so'))).toBe('libpq.so.5');
});

test('binaries below a closed folder are copied to where the account can run them', async () => {
  await chmod(join(folder, 'package'), 0o700);
  const prepared = await prepareBinaries({ nativeDirectory, account: STRANGER, copyDirectory });
  expect(prepared).toBe(join(copyDirectory, 'native'));
  expect(await readFile(join(prepared, 'lib/libpq.so'), 'utf8')).toBe('library');
  expect((await stat(join(prepared, 'bin/postgres'))).mode & 0o777).toBe(0o755);
});

test('binaries that a strict umask closed are copied and opened', async () => {
  await chmod(join(nativeDirectory, 'bin/postgres'), 0o700);
  const prepared = await prepareBinaries({ nativeDirectory, account: STRANGER, copyDirectory });
  expect(prepared).toBe(join(copyDirectory, 'native'));
  expect((await stat(join(prepared, 'bin/postgres'))).mode & 0o777).toBe(0o755);
});

test('several copies at once leave one complete copy and nothing else', async () => {
  await chmod(join(folder, 'package'), 0o700);
  await Promise.all(
    Array.from({ length: 4 }, () => prepareBinaries({ nativeDirectory, account: STRANGER, copyDirectory })),
  );
  expect(await readdir(join(folder, 'copies'))).toEqual(['postgres-18']);
  expect(await readFile(join(copyDirectory, 'native/bin/initdb'), 'utf8')).toBe('program');
});

test('the user of this process needs no copy to run its own binaries', async () => {
  await chmod(join(folder, 'package'), 0o700);
  expect(await prepareBinaries({ nativeDirectory, account: undefined, copyDirectory })).toBe(nativeDirectory);
});
