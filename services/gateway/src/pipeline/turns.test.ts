import { expect, test } from 'vitest';

import { Turns } from './turns.ts';

test('so many go on at a time, and the others in the order they came', async () => {
  const turns = new Turns(2);
  const gone: number[] = [];
  const all = [0, 1, 2, 3, 4].map((index) => turns.take().then(() => gone.push(index)));
  await Promise.all(all.slice(0, 2));
  expect(gone).toEqual([0, 1]);
  turns.pass();
  await all[2];
  expect(gone).toEqual([0, 1, 2]);
  turns.pass();
  turns.pass();
  await Promise.all(all);
  expect(gone).toEqual([0, 1, 2, 3, 4]);
  // Nobody waits: the turns are there for whoever comes next.
  turns.pass();
  turns.pass();
  await Promise.all([turns.take(), turns.take()]);
});
