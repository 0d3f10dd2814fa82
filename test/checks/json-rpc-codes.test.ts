import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { root } from './repository.ts';

/** The range JSON-RPC 2.0 reserves, -32768 to -32000, written in code. */
const jsonRpcCode = /(?<![\w.])-32_?\d{3}\b/;

function spellsCode(source: string): boolean {
  return jsonRpcCode.test(source);
}

/** Generated code repeats the comments of a published proto; tests may say what they expect. */
function sourceFiles(): string[] {
  return globSync(['packages/*/src/**/*.ts', 'services/*/src/**/*.ts'], { cwd: root }).filter(
    (path) => !path.startsWith('packages/protocol/src/gen/') && !path.endsWith('.test.ts'),
  );
}

test('JSON-RPC codes are spelled in services/gateway and its client only', () => {
  const offenders = sourceFiles()
    .filter((path) => !path.startsWith('services/gateway/') && !path.startsWith('packages/client/'))
    .filter((path) => spellsCode(readFileSync(join(root, path), 'utf8')));
  expect(offenders).toEqual([]);
});

test.each(['code: -32602', 'const INTERNAL = -32_603;', 'return [-32000]'])(
  'the search sees a code in %s',
  (source) => {
    expect(spellsCode(source)).toBe(true);
  },
);

test.each(['const port = 32600', 'a-326021', 'x -3260', '-327680'])(
  'the search does not take %s for a code',
  (source) => {
    expect(spellsCode(source)).toBe(false);
  },
);

test('there are files to search', () => {
  expect(sourceFiles().length).toBeGreaterThan(50);
});
