import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { medianOf, medianOfKnown, percentileOf, spreadOf } from './statistics.ts';

describe('spreadOf', () => {
  test('the median of an odd number is the one in the middle, in whatever order they came', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
  });

  test('the median of an even number lies between the two in the middle', () => {
    expect(spreadOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
  });

  test('one alone is everything', () => {
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  });

  test('nothing has no median', () => {
    expect(() => spreadOf([])).toThrow('no median of nothing');
    expect(medianOf([])).toBe(0);
  });

  test('as many lie below the median as above it', () => {
    fc.assert(
      // The sum of two must be a number, too.
      fc.property(fc.array(fc.double({ min: -1e307, max: 1e307, noNaN: true }), { minLength: 1 }), (values) => {
        const { median, min, max } = spreadOf(values);
        const below = values.filter((value) => value < median).length;
        const above = values.filter((value) => value > median).length;
        expect(min).toBeLessThanOrEqual(max);
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});

describe('percentileOf', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);

  test('is the nearest rank', () => {
    expect([0.5, 0.99, 1].map((share) => percentileOf(hundred, share))).toEqual([50, 99, 100]);
  });

  test('the share 0 is the smallest, and nothing has none', () => {
    expect(percentileOf(hundred, 0)).toBe(1);
    expect(percentileOf(new Float64Array(0), 0.5)).toBe(0);
  });
});

test('what is not known has no part in a median', () => {
  expect(medianOfKnown([3, undefined, 1, 2])).toBe(2);
  expect(medianOfKnown([undefined])).toBeUndefined();
});
