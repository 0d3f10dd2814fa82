import { chmod, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { resolveLocation, writePointer } from './server-location.ts';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gantry-location-')));
  await chmod(folder, 0o755);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a folder that can be reached holds the data itself', async () => {
  const location = await resolve('data');
  expect(location.directory).toBe(join(folder, 'data'));
  expect(location.isRelocated).toBe(false);
});

test('two spellings of one folder are the same location', async () => {
  expect(await resolve('data')).toEqual(await resolve('other/../data'));
});

// Only root runs Postgres as somebody else, so only root can have a folder that Postgres cannot reach.
describe.runIf(process.getuid?.() === 0)('as root', () => {
  test('a folder in a closed folder is replaced by one that can be reached, and says so', async () => {
    await mkdir(join(folder, 'closed'), { mode: 0o700 });
    const location = await resolve('closed/data');
    expect(location.directory).toMatch(new RegExp(`^${folder}/fallback/[0-9a-f]{12}$`));
    await mkdir(location.clusterDirectory);
    await writePointer(location);
    expect(await readFile(join(folder, 'closed/data/postgres-location.txt'), 'utf8')).toBe(`${location.directory}\n`);
  });

  test('a replaced folder stays bound to its data when it is opened later', async () => {
    await mkdir(join(folder, 'closed'), { mode: 0o700 });
    const first = await resolve('closed/data');
    await mkdir(first.clusterDirectory);
    await writePointer(first);
    await chmod(join(folder, 'closed'), 0o755);
    expect((await resolve('closed/data')).directory).toBe(first.directory);
  });

  test('data that was removed behind its pointer is an error, not an empty database', async () => {
    await mkdir(join(folder, 'closed'), { mode: 0o700 });
    const first = await resolve('closed/data');
    await writePointer(first);
    await expect(resolve('closed/data')).rejects.toMatchObject({ reason: 'DATA_MISSING' });
  });

  test('data whose folder was closed later is an error, not an empty database', async () => {
    await mkdir(join(folder, 'closed/data/pgdata'), { recursive: true });
    await chmod(join(folder, 'closed'), 0o700);
    await expect(resolve('closed/data')).rejects.toMatchObject({ reason: 'UNREACHABLE' });
  });

  test('a fallback that cannot be reached either is an error', async () => {
    await mkdir(join(folder, 'closed'), { mode: 0o700 });
    const options = { dataDirectory: join(folder, 'closed/data'), fallbackDirectory: join(folder, 'closed/fallback') };
    await expect(resolveLocation(options)).rejects.toMatchObject({ reason: 'UNREACHABLE' });
  });
});

function resolve(name: string): ReturnType<typeof resolveLocation> {
  return resolveLocation({ dataDirectory: join(folder, name), fallbackDirectory: join(folder, 'fallback') });
}
