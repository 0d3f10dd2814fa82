import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { walkFolder } from './walk-folder.ts';

const never = new AbortController().signal;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-walk-'));
  mkdirSync(join(folder, 'sub'));
  for (const name of ['a', 'b', 'c', 'sub/d']) writeFileSync(join(folder, name), '');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a walk stops at its limit of entries and says so', async () => {
  const cut = await walkFolder(folder, { entriesMax: 3, depthMax: 5 }, never);
  expect(cut.isCut).toBe(true);
  expect(cut.paths.length).toBeLessThanOrEqual(3);
  const whole = await walkFolder(folder, { entriesMax: 6, depthMax: 5 }, never);
  expect(whole).toMatchObject({ isCut: false });
  expect(whole.paths).toHaveLength(4);
});

test('a walk stops at its limit of depth and says so', async () => {
  expect(await walkFolder(folder, { entriesMax: 100, depthMax: 1 }, never)).toMatchObject({ isCut: true });
});

test('a folder that cannot be read is empty', async () => {
  expect(await walkFolder(join(folder, 'missing'), { entriesMax: 10, depthMax: 5 }, never)).toEqual({
    paths: [],
    isCut: false,
  });
});

test('an aborted walk ends', async () => {
  const reason = new Error('gone');
  await expect(walkFolder(folder, { entriesMax: 10, depthMax: 5 }, AbortSignal.abort(reason))).rejects.toBe(reason);
});
