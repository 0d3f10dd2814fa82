import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { root } from './repository.ts';

const manifest = z.object({
  name: z.string(),
  private: z.literal(true),
  type: z.literal('module'),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});
const projectFile = z.object({ references: z.array(z.object({ path: z.string() })).default([]) });

const folders = globSync(['packages/*/package.json', 'services/*/package.json', 'test/package.json'], { cwd: root })
  .map((path) => dirname(path))
  .toSorted();

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

test('tsc -b at the root checks every workspace', () => {
  const { references } = projectFile.parse(readJson('tsconfig.json'));
  expect(references.map(({ path }) => path).toSorted()).toEqual(folders);
});

describe.each(folders)('%s', (folder) => {
  const { dependencies, devDependencies } = manifest.parse(readJson(`${folder}/package.json`));

  test('pins every version exactly', () => {
    const versions = Object.values({ ...dependencies, ...devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  test('references every workspace it depends on', () => {
    const { references } = projectFile.parse(readJson(`${folder}/tsconfig.json`));
    const names = references.map(({ path }) => {
      return manifest.parse(readJson(join(folder, path, 'package.json'))).name;
    });
    const depended = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name.startsWith('@gantry/'));
    expect(names).toEqual(expect.arrayContaining(depended));
  });

  test('has one tag that turbo boundaries knows', () => {
    const { tags } = z.object({ tags: z.array(z.string()) }).parse(readJson(`${folder}/turbo.json`));
    expect(['package', 'service', 'composition', 'tests']).toContain(tags[0]);
    expect(tags).toHaveLength(1);
  });
});
