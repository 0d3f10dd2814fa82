import { expect, test } from 'vitest';

import { toPlainText } from './plain-text.ts';

test.each([
  ['## Title\n\nText', 'Title\n\nText'],
  ['a **bold** and `code`', 'a bold and code'],
  ['see [the page](https://a.example/b) and ![a picture](x.png)', 'see the page and a picture'],
  ['```ts\nconst a = 1;\n```\n', 'const a = 1;'],
  ['> quoted', 'quoted'],
  ['- one\n- two', '- one\n- two'],
  ['snake_case_name * 2 # 3', 'snake_case_name * 2 # 3'],
])('%j reads %j', (markdown, plain) => {
  expect(toPlainText(markdown)).toBe(plain);
});

test('marks without end are taken in one pass', () => {
  // A pattern that backtracks takes minutes for one of these.
  const patterns = ['[', '[a', '[](', '**', '**a', '`', '`a', '](', '#', '# ', '> ', '![', '```'];
  for (const mark of patterns) expect(toPlainText(mark.repeat(100_000))).toBeTypeOf('string');
}, 10_000);
