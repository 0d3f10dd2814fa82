import fc from 'fast-check';
import { expect, test } from 'vitest';

import { takeCells } from './gcra.ts';

const nowUs = 1_790_000_000_000_000;

test('an arrival time from the future counts as an empty bucket and no worse', () => {
  const taken = takeCells({ arrivalUs: nowUs * 2, nowUs, intervalUs: 1_000_000, burst: 5, demand: 1, ahead: 0 });

  expect(taken).toEqual({ granted: 0, waitUs: 1_000_000, arrivalUs: nowUs + 5_000_000 });
});

test('intervals that are no whole number of milliseconds add up exactly', () => {
  const intervalUs = Math.round(60_000_000 / 7);
  const one = { intervalUs, burst: 7, demand: 1, ahead: 0 };
  let arrivalUs: number | undefined;
  for (let taken = 0; taken < 7; taken += 1) {
    const result = takeCells({ arrivalUs, nowUs, ...one });
    expect(result.granted).toBe(1);
    arrivalUs = result.arrivalUs;
  }

  expect(takeCells({ arrivalUs, nowUs, ...one }).granted).toBe(0);
  expect(takeCells({ arrivalUs, nowUs: nowUs + intervalUs - 1, ...one }).granted).toBe(0);
  expect(takeCells({ arrivalUs, nowUs: nowUs + intervalUs, ...one }).granted).toBe(1);
});

test('cells for a demand come first, and those ahead are at most half of the rest', () => {
  const bucket = { arrivalUs: undefined, nowUs, intervalUs: 1_000, burst: 10 };

  expect(takeCells({ ...bucket, demand: 4, ahead: 2 })).toMatchObject({ granted: 6, waitUs: 0 });
  expect(takeCells({ ...bucket, demand: 4, ahead: 9 })).toMatchObject({ granted: 7, waitUs: 0 });
  expect(takeCells({ ...bucket, demand: 9, ahead: 9 })).toMatchObject({ granted: 9, waitUs: 0 });
  expect(takeCells({ ...bucket, demand: 12, ahead: 9 })).toMatchObject({ granted: 10, waitUs: 1_000 });
});

test('cells that are asked for at once are those that would be granted one by one', () => {
  const inputs = fc.record({
    lateUs: fc.integer({ min: -20_000, max: 20_000 }),
    burst: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(inputs, fc.nat(30), ({ lateUs, burst }, demand) => {
      const bucket = { nowUs, intervalUs: 997, burst, ahead: 0 };
      let arrivalUs: number | undefined = nowUs + lateUs;
      let granted = 0;
      for (let asked = 0; asked < demand; asked += 1) {
        const taken = takeCells({ ...bucket, arrivalUs, demand: 1 });
        ({ arrivalUs } = taken);
        granted += taken.granted;
      }
      expect(takeCells({ ...bucket, arrivalUs: nowUs + lateUs, demand }).granted).toBe(granted);
    }),
  );
});
