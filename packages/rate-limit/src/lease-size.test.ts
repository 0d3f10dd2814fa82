import { expect, test } from 'vitest';

import { aheadMax, emptyForUs, nextAhead } from './lease-size.ts';
import { toCellRate } from './rate-limiter.ts';

const rateOf = (perMinute: number, burst = perMinute) => {
  const rate = toCellRate('key', { perMinute, burst });
  if (rate === undefined) throw new Error('there is a limit');
  return rate;
};

test('a low limit or a small burst is never leased ahead', () => {
  expect(aheadMax(rateOf(60))).toBe(0);
  expect(aheadMax(rateOf(299))).toBe(0);
  expect(aheadMax(rateOf(60_000, 49))).toBe(0);
});

test('a high limit is leased ahead for 200 ms, but no more than a fiftieth of the burst', () => {
  expect(aheadMax(rateOf(60_000))).toBe(200);
  expect(aheadMax(rateOf(60_000, 1_000))).toBe(20);
});

test('a key that is asked for once in a while is not leased ahead', () => {
  expect(nextAhead({ ahead: 0, elapsedUs: Infinity, max: 100 })).toBe(0);
  expect(nextAhead({ ahead: 1, elapsedUs: 200_001, max: 100 })).toBe(0);
});

test('leases grow while they are used up within 100 ms, and shrink when they last over 200 ms', () => {
  let ahead = 0;
  const sizes = Array.from({ length: 8 }, () => (ahead = nextAhead({ ahead, elapsedUs: 99_999, max: 100 })));
  expect(sizes).toEqual([1, 3, 7, 15, 31, 63, 100, 100]);
  expect(nextAhead({ ahead, elapsedUs: 100_000, max: 100 })).toBe(100);
  expect(nextAhead({ ahead, elapsedUs: 200_000, max: 100 })).toBe(100);
  expect(nextAhead({ ahead, elapsedUs: 200_001, max: 100 })).toBe(50);
});

test('an empty bucket of a high limit is left alone until there is a chunk, never until it is full', () => {
  expect(emptyForUs(rateOf(60_000), 400)).toBe(50_000);
  expect(emptyForUs(rateOf(6_000_000, 1_000), 4)).toBe(2_500);
  expect(emptyForUs(rateOf(600), 90_000)).toBe(90_000);
});

test('the wait for a token of a low limit is exact, and a bucket with tokens is not waited for', () => {
  expect(emptyForUs(rateOf(60), 400)).toBe(400);
  expect(emptyForUs(rateOf(60_000), 0)).toBe(0);
});
