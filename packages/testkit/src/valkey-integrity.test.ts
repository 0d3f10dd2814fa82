import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { assertIntegrity } from './valkey-integrity.ts';

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-integrity-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a file that is as pinned passes, one with a single byte more is refused', async () => {
  const pins = [{ path: './build.wasm', sha256: EMPTY_SHA256 }];
  const base = pathToFileURL(`${folder}/`);
  await writeFile(join(folder, 'build.wasm'), '');
  await assertIntegrity(pins, base);
  await writeFile(join(folder, 'build.wasm'), ' ');
  await expect(assertIntegrity(pins, base)).rejects.toThrow(/build\.wasm is not the file that was pinned/);
});
