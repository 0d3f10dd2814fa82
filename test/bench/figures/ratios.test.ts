import { expect, test } from 'vitest';

import { ratiosTo } from './ratios.ts';

test('a ratio is made of two rates of the same round', () => {
  const reference = { name: 'raw-http', rps: [100, 200, 400] };
  const half = { name: 'half', rps: [50, 100, 200] };
  expect(ratiosTo(reference, [reference, half])).toEqual({
    'raw-http': { median: 1, min: 1, max: 1 },
    half: { median: 0.5, min: 0.5, max: 0.5 },
  });
});

test('the spread is that of the ratios', () => {
  const reference = { name: 'raw-http', rps: [100, 100, 100] };
  const ratios = ratiosTo(reference, [{ name: 'unsteady', rps: [30, 90, 60] }]);
  expect(ratios).toEqual({ unsteady: { median: 0.6, min: 0.3, max: 0.9 } });
});

test('rates of different numbers of rounds make no ratio', () => {
  expect(() => ratiosTo({ name: 'a', rps: [1, 2] }, [{ name: 'b', rps: [1] }])).toThrow('both rates of each round');
});
