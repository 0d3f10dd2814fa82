import { expect, test } from 'vitest';

import { mean, ndcg, percentile, recall } from './ranking-metrics.ts';

const relevant = new Set(['a', 'b']);

test('a ranking with all that is relevant first is perfect', () => {
  expect(ndcg(['b', 'a', 'x'], relevant, 10)).toBe(1);
  expect(recall(['b', 'a', 'x'], relevant, 10)).toBe(1);
});

test('what comes later gains less', () => {
  // Found at ranks 1 and 3: (1 + 1/2) of (1 + 1/log2(3)).
  expect(ndcg(['a', 'x', 'b'], relevant, 10)).toBeCloseTo(1.5 / (1 + 1 / Math.log2(3)), 12);
});

test('what comes after the depth gains nothing', () => {
  expect(ndcg(['x', 'y', 'a'], relevant, 2)).toBe(0);
  expect(recall(['a', 'x', 'b'], relevant, 2)).toBe(0.5);
});

test('a question that nothing is relevant to counts as nothing found', () => {
  expect(ndcg(['a'], new Set(), 10)).toBe(0);
  expect(recall(['a'], new Set(), 10)).toBe(0);
});

test('means and percentiles of few values', () => {
  expect(mean([])).toBe(0);
  expect(mean([1, 2, 6])).toBe(3);
  expect(percentile([5, 1, 3, 2, 4], 0.95)).toBe(5);
  expect(percentile([5, 1, 3, 2, 4], 0.5)).toBe(3);
});
