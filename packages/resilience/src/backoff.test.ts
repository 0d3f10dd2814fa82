import fc from 'fast-check';
import { expect, test } from 'vitest';

import { backoffMs } from './backoff.ts';

test('the longest wait doubles with each attempt up to the cap', () => {
  const longest = () => 1 - Number.EPSILON;
  const waits = [1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, { baseMs: 100, maxMs: 500, random: longest }));
  expect(waits).toEqual([99, 199, 399, 499, 499]);
});

test('the shortest wait is none at all, since the whole range is random', () => {
  expect(backoffMs(7, { baseMs: 100, maxMs: 500, random: () => 0 })).toBe(0);
});

test('every wait is a whole number between 0 and the cap, however many attempts there were', () => {
  const cases = fc.record({
    attempt: fc.integer({ min: 1, max: 5_000 }),
    baseMs: fc.integer({ min: 0, max: 10_000 }),
    maxMs: fc.integer({ min: 0, max: 60_000 }),
    drawn: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(
    fc.property(cases, ({ attempt, baseMs, maxMs, drawn }) => {
      const waitMs = backoffMs(attempt, { baseMs, maxMs, random: () => drawn });
      expect(Number.isInteger(waitMs)).toBe(true);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(maxMs);
    }),
  );
});
