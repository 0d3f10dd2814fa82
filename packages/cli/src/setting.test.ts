import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { isSet, settingOf } from './setting.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-setting-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a setting comes from its variable or from the file named for it', async () => {
  const file = join(folder, 'secret');
  await writeFile(file, 'from the file\n');
  expect(await settingOf('X', { X: 'plain' })).toBe('plain');
  expect(await settingOf('X', { X_FILE: file })).toBe('from the file');
  expect(isSet('X', { X: 'plain' })).toBe(true);
  expect(isSet('X', { X_FILE: file })).toBe(true);
});

test('what is set to nothing is not set', async () => {
  expect(await settingOf('X', { X: '', X_FILE: '' })).toBeUndefined();
  expect(isSet('X', { X: '', X_FILE: '' })).toBe(false);
});

test('a file that is not there is named with its variable', async () => {
  const failure = await settingOf('X', { X_FILE: join(folder, 'gone') }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ message: expect.stringContaining('gone'), hint: 'mend X_FILE' });
});
