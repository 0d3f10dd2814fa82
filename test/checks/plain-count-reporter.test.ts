import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { formatCount } from './plain-count-reporter.ts';
import { root, toolEnv } from './repository.ts';
import { createTree } from './temporary-tree.ts';

/** Runs vitest over one test file and returns its last line and exit code. */
function runVitest(source: string): { readonly lastLine: string | undefined; readonly code: number | null } {
  using tree = createTree({ 'a.test.js': source, 'vitest.config.js': 'export default { test: { globals: true } };\n' });
  const reporter = join(root, 'test/checks/plain-count-reporter.ts');
  const args = ['run', '--root', tree.folder, '--reporter=default', `--reporter=${reporter}`];
  const { stdout, status } = spawnSync('vitest', args, { cwd: root, env: toolEnv(), encoding: 'utf8' });
  return { lastLine: stdout.trimEnd().split('\n').at(-1), code: status };
}

test('a good run ends with a plain count, without a word about skipped tests', () => {
  expect(runVitest("test('a', () => {});\ntest('b', () => {});\n")).toEqual({
    lastLine: '2 passed, 0 failed',
    code: 0,
  });
});

test('failed and skipped tests are counted', () => {
  const source = "test('a', () => {});\ntest('b', () => { throw new Error('b'); });\ntest.skip('c', () => {});\n";
  expect(runVitest(source)).toEqual({ lastLine: '1 passed, 1 failed, 1 skipped', code: 1 });
});

test('a file that does not load is a failure', () => {
  expect(runVitest("throw new Error('at import');\n")).toEqual({ lastLine: '0 passed, 1 failed', code: 1 });
});

test('an error outside of any test is a failure', () => {
  const source = "test('a', () => { void Promise.reject(new Error('nobody waits')); });\n";
  expect(runVitest(source)).toEqual({ lastLine: '1 passed, 1 failed', code: 1 });
});

test('a count of nothing is plain as well', () => {
  expect(formatCount({ passed: 0, failed: 0, skipped: 0 })).toBe('0 passed, 0 failed');
});
