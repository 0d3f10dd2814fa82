import { expect, test } from 'vitest';

import { listFiles, readText, rowsOf } from './markdown.ts';
import { untruthsOf } from './worked-example.ts';

const document = 'docs/adding-a-service.md';

test('the checklist of a service says of every file what is in it', () => {
  expect(untruthsOf(document)).toEqual([]);
});

test('the checklist names every file at the top of the service it follows', () => {
  const named = rowsOf(readText(document), 'file').map(([file = '']) => file.replaceAll('`', ''));
  const present = listFiles('services/context/*').filter((path) => /\.(json|md)$/.test(path));
  expect(present.length).toBeGreaterThan(3);
  expect(present.filter((path) => !named.includes(path))).toEqual([]);
});
