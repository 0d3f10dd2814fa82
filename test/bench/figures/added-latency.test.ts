import { expect, test } from 'vitest';

import { addedLatency } from './added-latency.ts';

test('what is added is the difference of each percentile, round by round', () => {
  const baseline = [
    { p50Ms: 1, p99Ms: 2, p999Ms: 3 },
    { p50Ms: 1, p99Ms: 4, p999Ms: 5 },
  ];
  const target = [
    { p50Ms: 2, p99Ms: 5, p999Ms: 3 },
    { p50Ms: 2, p99Ms: 5, p999Ms: 4 },
  ];
  expect(addedLatency(target, baseline)).toEqual({
    p50Ms: { median: 1, min: 1, max: 1 },
    p99Ms: { median: 2, min: 1, max: 3 },
    p999Ms: { median: -0.5, min: -1, max: 0 },
  });
});

test('a round that is missing is not made up', () => {
  expect(() => addedLatency([], [{ p50Ms: 1, p99Ms: 2, p999Ms: 3 }])).toThrow('both of each round');
});
