import { expect, test } from 'vitest';

import { addedLatency, judge } from './added-latency.ts';

const window = (p50Ms: number, p99Ms: number) => ({ p50Ms, p99Ms });

test('what is added is the difference of each percentile, window by window', () => {
  const baseline = [window(1, 2), window(1, 4), window(1, 100)];
  const target = [window(2, 5), window(3, 5), window(2, 102)];
  expect(addedLatency(target, baseline)).toMatchObject({ pairs: 3, p50Ms: { median: 1 }, p99Ms: { median: 2 } });
});

test('a window that is missing is not made up', () => {
  expect(() => addedLatency([], [window(1, 2)])).toThrow('both windows of each cycle');
});

test.each([
  ['reached', 1, 3],
  ['MISSED', 3.1, 9],
  ['not to be told', 2.9, 3.1],
] as const)('a limit of 3 is %s when the median lies between %d and %d', (verdict, low, high) => {
  expect(judge({ median: (low + high) / 2, interval: { low, high } }, 3)).toBe(verdict);
});

test('without an interval nothing can be told', () => {
  expect(judge({ median: 1, interval: undefined }, 3)).toBe('not to be told');
});
