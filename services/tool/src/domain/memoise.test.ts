import { expect, test, vi } from 'vitest';

import { memoise } from './memoise.ts';

test('a value is made once for each key, and equal keys are different ones', () => {
  const make = vi.fn((key: { readonly n: number }) => ({ n: key.n }));
  const made = memoise(make);
  const [one, same] = [{ n: 1 }, { n: 1 }];
  expect(made(one)).toBe(made(one));
  expect(made(same)).not.toBe(made(one));
  expect(make).toHaveBeenCalledTimes(2);
});
