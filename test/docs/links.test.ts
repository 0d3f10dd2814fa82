import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { root } from '../checks/repository.ts';
import { codeSpansOf, listFiles, readText } from './markdown.ts';

const documents = listFiles('**/*.md');

function linksOf(markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** As the common renderers make them: lower case, punctuation gone, spaces to dashes. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function isBroken(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), decodeURIComponent(path));
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && target.endsWith('.md') && !anchorsOf(readText(target)).has(anchor);
}

test.each(documents)('every link of %s leads somewhere', (document) => {
  const broken = linksOf(readText(document)).filter((link) => isBroken(document, link));
  expect(broken).toEqual([]);
});

/** Paths in backticks that lead into this repository; `<name>` and `*` stand for something. */
function pathsOf(markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const isPath = /^(?:packages|services|proto|test|deploy|docs|\.ci)\/[\w./-]+$/;
  return codeSpansOf(prose).filter((span) => isPath.test(span));
}

test.each(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...listFiles('docs/**/*.md')])(
  'every path that %s names exists',
  (document) => {
    expect(pathsOf(readText(document)).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  },
);

test('every page of docs is reached from the README', () => {
  const reached = new Set<string>();
  const queue = ['README.md'];
  for (let page = queue.pop(); page !== undefined; page = queue.pop()) {
    if (reached.has(page)) continue;
    reached.add(page);
    const links = linksOf(readText(page)).map((link) => join(dirname(page), link.split('#')[0] ?? ''));
    queue.push(...links.filter((path) => path.endsWith('.md')));
  }
  expect(documents.filter((path) => path.startsWith('docs/') && !reached.has(path))).toEqual([]);
});

test('a link to what is not there is found', () => {
  expect(linksOf('[a](b.md) `[c](d.md)` [e](https://f.example/)')).toEqual(['b.md']);
  expect(isBroken('README.md', 'docs/no-such-page.md')).toBe(true);
  expect(isBroken('README.md', 'CONTRIBUTING.md#no-such-heading')).toBe(true);
  expect(isBroken('README.md', 'CONTRIBUTING.md#where-things-go')).toBe(false);
  expect(pathsOf('`docs/no-such-page.md`, `services/<name>` and `npm test`')).toEqual(['docs/no-such-page.md']);
});
