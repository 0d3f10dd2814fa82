import { expect, test } from 'vitest';

import { toTable } from './table.ts';

test('columns are as wide as their widest cell, numbers to the right', () => {
  expect(
    toTable(
      ['', 'rate'],
      [
        ['one', '5'],
        ['three', '12345'],
      ],
    ),
  ).toBe(['        rate', '-----  -----', 'one        5', 'three  12345'].join('\n'));
});
