import { expect, test } from 'vitest';

import { shaveDeadline } from './shave-deadline.ts';

const NOW_MS = 1_700_000_000_000;

test('a deadline far enough away is brought forward by 20 ms', () => {
  expect(shaveDeadline(NOW_MS + 5_000, NOW_MS)).toBe(NOW_MS + 4_980);
});

test('100 ms is just enough, 99 ms is DEADLINE_TOO_CLOSE', () => {
  expect(shaveDeadline(NOW_MS + 100, NOW_MS)).toBe(NOW_MS + 80);
  expect(() => shaveDeadline(NOW_MS + 99, NOW_MS)).toThrow(
    expect.objectContaining({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_TOO_CLOSE' }),
  );
});

test.each([NOW_MS, NOW_MS - 1, Number.NaN])('a deadline of %d, passed or not a number, is refused', (deadlineMs) => {
  expect(() => shaveDeadline(deadlineMs, NOW_MS)).toThrow(expect.objectContaining({ reason: 'DEADLINE_TOO_CLOSE' }));
});
