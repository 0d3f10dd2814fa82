import { expect, test } from 'vitest';

import { medianIntervalOf } from './median-interval.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

// Tables of the sign test, e.g. Conover, Practical Nonparametric Statistics, section 3.2.
test.each([
  [6, 1, 6],
  [10, 2, 9],
  [20, 6, 15],
  [50, 18, 33],
  [100, 40, 61],
])('of %i values the median lies between number %i and number %i', (count, low, high) => {
  expect(medianIntervalOf(upTo(count)).interval).toEqual({ low, high });
});

test('five values do not say enough, and no value says nothing', () => {
  expect(medianIntervalOf(upTo(5))).toEqual({ median: 3, interval: undefined });
  expect(medianIntervalOf([]).interval).toBeUndefined();
});

test('a few outliers do not move it', () => {
  const values = [...upTo(17), 1e6, 1e6, 1e6];
  expect(medianIntervalOf(values).interval).toEqual(medianIntervalOf(upTo(20)).interval);
});
