import fc from 'fast-check';
import { expect, test } from 'vitest';

import { LatencyHistogram } from './latency-histogram.ts';
import { percentileOf } from './statistics.ts';

function histogramOf(latenciesMs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of latenciesMs) histogram.record(ms);
  return histogram;
}

test('what is read out is off by less than a hundredth, or a microsecond', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.9, 0.99, 0.999, 1),
      (latenciesMs, share) => {
        const exact = percentileOf(Float64Array.from(latenciesMs).toSorted(), share);
        const read = histogramOf(latenciesMs).percentileMs(share);
        expect(Math.abs(read - exact)).toBeLessThanOrEqual(exact / 100 + 0.001);
      },
    ),
  );
});

test('the largest is exact, and no percentile is beyond it', () => {
  const histogram = histogramOf([1.234567, 0.5]);
  expect(histogram.maxMs).toBe(1.234567);
  expect(histogram.percentileMs(1)).toBe(1.234567);
  expect(histogram.total).toBe(2);
});

test('an empty one answers 0', () => {
  const histogram = new LatencyHistogram();
  expect([histogram.total, histogram.maxMs, histogram.percentileMs(0.99)]).toEqual([0, 0, 0]);
});

test('a clock that went backwards counts as 0, and hours count as half an hour', () => {
  const histogram = histogramOf([-1, 10_000_000]);
  expect(histogram.percentileMs(0.5)).toBe(0);
  expect(histogram.percentileMs(1)).toBeGreaterThan(2_000_000);
  expect(histogram.total).toBe(2);
});
