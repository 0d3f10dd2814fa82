import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { root, runTool } from '../checks/repository.ts';
import { listFiles, readText } from './markdown.ts';

const documents = ['README.md', 'CONTRIBUTING.md', ...listFiles('docs/**/*.md')];
const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(readText('package.json')));

function mentioned(pattern: RegExp): readonly string[] {
  const found = documents.flatMap((path) => [...readText(path).matchAll(pattern)].map(([, name = '']) => name));
  return [...new Set(found)];
}

/** Reads the tree of README.md: folders of two levels, each with a line about it. */
function treeOf(readme: string): readonly string[] {
  const [tree = ''] = /^proto\/ {2}[\s\S]*?^```/m.exec(readme) ?? [];
  let parent = '';
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', folder] = /^( *)([\w-]+\/) /.exec(line) ?? [];
    if (folder === undefined) return [];
    if (indent === '') parent = folder;
    return [indent === '' ? folder : parent + folder];
  });
}

describe('README.md and the pages of docs', () => {
  test('name only scripts that there are', () => {
    const names = mentioned(/npm run ([\w:-]+)/g);
    expect(names.length).toBeGreaterThan(2);
    expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test('name only commands that gantry has', () => {
    const help = runTool('node', ['packages/cli/src/main.ts', '--help']);
    const names = mentioned(/npx gantry ([a-z]+)/g);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !new RegExp(`^  ${name}\\b`, 'm').test(help))).toEqual([]);
  });

  test('show a tree with every workspace in it', () => {
    const workspaces = listFiles('{packages,services}/*/package.json').map((path) => path.replace('package.json', ''));
    const tree = treeOf(readText('README.md'));
    expect(tree).toEqual(expect.arrayContaining([...workspaces]));
    expect(tree.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  });
});
