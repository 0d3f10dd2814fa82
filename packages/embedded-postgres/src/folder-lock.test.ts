import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { lockFolder } from './folder-lock.ts';
import { processMark } from './process-facts.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-lock-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a second lock on a folder is refused until the first is released', async () => {
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ reason: 'FOLDER_IN_USE' });
  await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid} already runs Postgres on ${folder}`);
  await lock.release();
  const second = await lockFolder(folder);
  await second.release();
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a dead process is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['--eval', '']);
  await writeFile(join(folder, 'gantry.lock'), `${pid} some-mark 00\n`);
  const lock = await lockFolder(folder);
  await lock.release();
});

test.runIf(process.platform === 'linux')(
  'a lock whose process id was given to another process is taken over',
  async () => {
    expect(await processMark(process.pid)).toBeDefined();
    await writeFile(join(folder, 'gantry.lock'), `${process.pid} mark-of-an-earlier-process 00\n`);
    const lock = await lockFolder(folder);
    await lock.release();
  },
);

test('a garbled lock is taken over', async () => {
  await writeFile(join(folder, 'gantry.lock'), 'garbage');
  const lock = await lockFolder(folder);
  await lock.release();
});

test('of many that take over a stale lock at once exactly one gets it', async () => {
  await writeFile(join(folder, 'gantry.lock'), 'garbage');
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['gantry.lock']);
});

test('a process that died while it took over a lock does not block the folder', async () => {
  await writeFile(join(folder, 'gantry.lock'), 'garbage');
  const claim = `gantry.lock.${createHash('sha256').update('garbage').digest('hex').slice(0, 12)}`;
  await writeFile(join(folder, claim), 'garbage as well');
  const lock = await lockFolder(folder);
  expect(await readdir(folder)).toEqual(['gantry.lock']);
  await lock.release();
});

test('releasing twice does not remove the lock of the next holder', async () => {
  const first = await lockFolder(folder);
  await first.release();
  const second = await lockFolder(folder);
  await first.release();
  await expect(lockFolder(folder)).rejects.toMatchObject({ reason: 'FOLDER_IN_USE' });
  await second.release();
});
