import { expect, test } from 'vitest';

import { excerptsOf, readText, rowsOf } from './markdown.ts';
import { untruthsOf } from './worked-example.ts';

const document = 'docs/adding-an-rpc.md';

test('the worked example of an RPC says of every file what is in it', () => {
  expect(untruthsOf(document)).toEqual([]);
});

test('the worked example shows every layer', () => {
  const paths = rowsOf(readText(document), 'file').map(([file = '']) => file);
  const layers = [
    'proto/',
    'packages/protocol/',
    '/domain/',
    '/store/',
    '/handlers/',
    '/test/contract/',
    'services/gateway/',
  ];
  expect(layers.filter((layer) => !paths.some((path) => path.includes(layer)))).toEqual([]);
  expect(excerptsOf(readText(document)).length).toBeGreaterThan(5);
});
