import { expect, test } from 'vitest';

import { codeSpansOf, excerptsOf, missingPieces, rowsOf } from './markdown.ts';

test('an excerpt is a code block below a path', () => {
  expect(excerptsOf('Text\n\n`a/b.ts`:\n\n```ts\none();\ntwo();\n```\n\n```sh\nnot me\n```\n')).toEqual([
    { path: 'a/b.ts', text: 'one();\ntwo();' },
  ]);
});

test('an excerpt may leave out lines and be indented in another way', () => {
  const content = 'function f() {\n  one();\n  two();\n  three();\n}\n';
  expect(missingPieces('function f() {\none();\n…\nthree();', content)).toEqual([]);
  expect(missingPieces('one();\n…\nfour();', content)).toEqual(['four();']);
  expect(missingPieces('one(); three();', content)).toEqual(['one(); three();']);
});

test('the rows of a table are found by its first header', () => {
  const markdown = '| a | b |\n| --- | --- |\n| 1 | 2 |\n\n| c |\n| --- |\n| 3 |\n\n| a |\n| - |\n| 4 \\| 5 |\n';
  expect(rowsOf(markdown, 'a')).toEqual([['1', '2'], ['4 \\| 5']]);
});

test('code spans are what stands in backticks', () => {
  expect(codeSpansOf('`one` and `two three`')).toEqual(['one', 'two three']);
});
