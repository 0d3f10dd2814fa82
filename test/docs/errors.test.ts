import { describe, expect, test } from 'vitest';

import { codeSpansOf, listFiles, readText, rowsOf } from './markdown.ts';

const document = readText('docs/errors.md');
const documented = rowsOf(document, 'reason').map(([reason = '', code = '']) => ({
  reason: codeSpansOf(reason)[0] ?? reason,
  code,
}));

const sources = listFiles('{services,packages}/*/src/**/*.ts')
  .filter(
    (path) =>
      !path.endsWith('.test.ts') && !path.startsWith('packages/protocol/') && !path.startsWith('packages/testkit/'),
  )
  .map(readText);

/** Finds the reasons that a source gives, with the code that stands right before each. */
function reasonsIn(source: string): readonly { readonly code: string | undefined; readonly reason: string }[] {
  const found = source.matchAll(/(?:code: '(?<code>[A-Z_]+)',\s*|code,\s*)?\breason: '(?<reason>[A-Z][A-Z0-9_]+)'/g);
  return [...found].map(({ groups }) => ({ code: groups?.['code'], reason: groups?.['reason'] ?? '' }));
}

const given = sources.flatMap(reasonsIn);

describe('the reasons of docs/errors.md', () => {
  test('are found in the sources', () => {
    expect(given.length).toBeGreaterThan(50);
    expect(reasonsIn(`new AppError({ code: 'NOT_FOUND', reason: 'A_B' })`)).toEqual([
      { code: 'NOT_FOUND', reason: 'A_B' },
    ]);
  });

  test('are all that the code gives, each once', () => {
    const names = documented.map(({ reason }) => reason).filter((reason) => !reason.includes('<'));
    expect(names.toSorted()).toEqual([...new Set(given.map(({ reason }) => reason))].toSorted());
  });

  test('have the code that the sources give them', () => {
    const wrong = given.filter(({ code, reason }) => {
      const row = documented.find((candidate) => candidate.reason === reason);
      return code !== undefined && row?.code !== code;
    });
    expect(wrong).toEqual([]);
  });

  test('follow AIP-193', () => {
    const bad = given.filter(({ reason }) => reason.length > 63 || !/^[A-Z][A-Z0-9_]+[A-Z0-9]$/.test(reason));
    expect(bad).toEqual([]);
  });
});
