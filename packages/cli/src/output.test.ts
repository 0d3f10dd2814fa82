import { expect, test } from 'vitest';

import { counted, formatTable, printable, singleLine } from './output.ts';

test('a table has columns as wide as their widest cell and no spaces at line ends', () => {
  const table = formatTable(
    ['NAME', 'WHAT'],
    [
      ['a', 'one'],
      ['longer', ''],
    ],
  );
  expect(table).toBe(['NAME    WHAT', 'a       one', 'longer'].join('\n'));
});

test('a table without rows is its header, and rows may be short', () => {
  expect(formatTable(['A', 'B'], [])).toBe('A  B');
  expect(formatTable(['A', 'B'], [['x']])).toBe('A  B\nx');
});

test('a table of very many rows is made', () => {
  const rows = Array.from({ length: 200_000 }, (_, index) => [String(index)]);
  expect(formatTable(['N'], rows).split('\n')).toHaveLength(200_001);
});

test('a cell cannot break its line or move the cursor', () => {
  expect(formatTable(['A'], [['x\ny\t z\u001B[2J']])).toBe('A\nx y z[2J');
});

test('what a stranger wrote loses its control characters and keeps its lines', () => {
  expect(printable('a\u001B]0;title\u0007b\r\nc\td\u009Be\u007F')).toBe('a]0;titleb\nc\tde');
  expect(printable('grüße 語 🛰')).toBe('grüße 語 🛰');
});

test('a single line has single spaces', () => {
  expect(singleLine('  a\n\n b\u0000 ')).toBe('a b');
});

test('one thing is told in the singular, and none or several in the plural', () => {
  expect([0, 1, 2].map((count) => counted(count, 'passage'))).toEqual(['0 passages', '1 passage', '2 passages']);
});
