import { expect, test } from 'vitest';

import { takeCell } from './gcra.ts';

const nowUs = 1_790_000_000_000_000;

test('an arrival time from the future counts as an empty bucket and no worse', () => {
  const decision = takeCell({ arrivalUs: nowUs * 2, nowUs, intervalUs: 1_000_000, burst: 5 });

  expect(decision).toEqual({ allowed: false, retryAfterMs: 1_000, arrivalUs: nowUs + 5_000_000 });
});

test('intervals that are no whole number of milliseconds add up exactly', () => {
  const intervalUs = Math.round(60_000_000 / 7);
  let arrivalUs: number | undefined;
  for (let taken = 0; taken < 7; taken += 1) {
    const decision = takeCell({ arrivalUs, nowUs, intervalUs, burst: 7 });
    expect(decision.allowed).toBe(true);
    arrivalUs = decision.arrivalUs;
  }

  expect(takeCell({ arrivalUs, nowUs, intervalUs, burst: 7 }).allowed).toBe(false);
  expect(takeCell({ arrivalUs, nowUs: nowUs + intervalUs - 1, intervalUs, burst: 7 }).allowed).toBe(false);
  expect(takeCell({ arrivalUs, nowUs: nowUs + intervalUs, intervalUs, burst: 7 }).allowed).toBe(true);
});
