import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { httpCaller, listIn } from './clients.ts';
import { outcomeOf, startGantry } from './running-gantry.ts';
import { processPerService } from './shapes.ts';

const DOCUMENTS = 3_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-durability-'));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('an ingest that is killed half way is resumed by the same command, without duplicates', async () => {
  const path = join(folder, 'numbers.jsonl');
  const lines = Array.from({ length: DOCUMENTS }, (_, i) =>
    JSON.stringify({ id: i, text: `Document number ${i} of the ${i % 7} kind. `.repeat(12) }),
  );
  await writeFile(path, lines.join('\n'));
  await using gantry = await processPerService.start();
  const call = httpCaller(gantry.credentials);
  const stored = async () =>
    listIn<{ document_count: number }>(await call('context/sources'), 'sources')[0]?.document_count ?? 0;

  const first = gantry.spawnCli('ingest', path);
  const ended = outcomeOf(first);
  await expect.poll(stored, { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
  first.kill('SIGKILL');
  await ended;
  const halfWay = await stored();
  expect(halfWay).toBeLessThan(DOCUMENTS);

  const second = await gantry.cli('ingest', path, '--json');
  expect(second.exitCode).toBe(0);
  const report = JSON.parse(second.stdout) as { created: number; updated: number; unchanged: number };
  expect(report).toMatchObject({ updated: 0 });
  expect(report.unchanged).toBeGreaterThanOrEqual(halfWay);
  expect(report.created + report.unchanged).toBe(DOCUMENTS);
  expect(await stored()).toBe(DOCUMENTS);
});

test('bad records are listed at the end with exit code 1, and the good ones are stored', async () => {
  const path = join(folder, 'mixed.jsonl');
  await writeFile(path, '{"id":"good","text":"fine"}\nnot json\n{"id":"no text"}\n{"id":"nul","text":"a\\u0000b"}\n');
  await using gantry = await startGantry({ args: ['start'] });
  const outcome = await gantry.cli('ingest', path);
  expect(outcome.exitCode).toBe(1);
  expect(outcome.stdout).toMatch(/mixed\.jsonl:2: is not a JSON object/);
  expect(outcome.stdout).toMatch(/mixed\.jsonl:3: has no "text"/);
  const listed = await httpCaller(gantry.credentials)('documents/list');
  expect(listIn<{ id: string }>(listed, 'documents').map(({ id }) => id)).toContain('good');
});

test('what was stored and made is still there after Ctrl-C and after kill -9', async () => {
  await writeFile(join(folder, 'a.md'), '# Anchors\n\nAn anchor holds the ship.\n');
  const dataFolder = join(folder, 'data');
  const start = () => startGantry({ args: ['start'], dataFolder });
  const first = await start();
  expect((await first.cli('ingest', join(folder, 'a.md'))).exitCode).toBe(0);
  const { apiKey } = first.credentials;
  expect(await first.stop()).toBe(0);

  const second = await start();
  expect(second.credentials.apiKey).toBe(apiKey);
  expect((await stat(join(dataFolder, 'credentials.json'))).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(join(dataFolder, 'credentials.json'), 'utf8'))).toEqual(second.credentials);
  expect((await httpCaller(second.credentials)('context/get', { query: 'anchor' })).result).toMatchObject({ total: 1 });
  await second.kill();

  await using third = await start();
  expect((await httpCaller(third.credentials)('context/get', { query: 'anchor' })).result).toMatchObject({ total: 1 });
});

test('an embedded Postgres that is killed is started again, and nothing is lost', async () => {
  await writeFile(join(folder, 'a.md'), '# Anchors\n\nAn anchor holds the ship.\n');
  await using gantry = await startGantry({ args: ['start'] });
  expect((await gantry.cli('ingest', join(folder, 'a.md'))).exitCode).toBe(0);
  const postmaster = async () => {
    const text = await readFile(join(gantry.dataFolder, 'postgres', 'pgdata', 'postmaster.pid'), 'utf8').catch(
      () => '',
    );
    return Number(text.split('\n')[0]);
  };
  const killed = await postmaster();
  process.kill(killed, 'SIGKILL');
  // Backends outlive their postmaster for a moment: only another one shows that it was started again.
  await expect.poll(async () => [0, killed].includes(await postmaster()), { timeout: 20_000 }).toBe(false);
  const call = httpCaller(gantry.credentials);
  await expect
    .poll(async () => (await call('context/get', { query: 'anchor' })).result?.['total'], { timeout: 20_000 })
    .toBe(1);
});

test('a second Gantry on the same data folder is refused with a sentence, and the first goes on', async () => {
  await using first = await startGantry({ args: ['start'] });
  const second = first.spawnCli('start');
  const outcome = await outcomeOf(second);
  expect(outcome.exitCode).toBe(1);
  expect(outcome.stderr).toMatch(/already runs .* use another data folder/);
  expect(outcome.stderr).not.toContain('    at ');
  expect((await httpCaller(first.credentials)('tools/list')).error).toBeUndefined();
});
