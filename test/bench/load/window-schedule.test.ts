import { expect, test } from 'vitest';

import { GAP_MS, scheduleWindows } from './window-schedule.ts';

const schedule = scheduleWindows({ targets: 3, windows: 4, windowMs: 500 });

test('each target has one window in each cycle, and comes after each other one', () => {
  const order = schedule.map(({ target }) => target);
  expect(order).toEqual([0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2]);
});

test('windows follow each other with a gap', () => {
  expect(schedule.slice(0, 3).map(({ startMs }) => startMs)).toEqual([0, 500 + GAP_MS, 2 * (500 + GAP_MS)]);
});

test('one target has one window after the other', () => {
  const alone = scheduleWindows({ targets: 1, windows: 2, windowMs: 500 });
  expect(alone.map(({ target }) => target)).toEqual([0, 0]);
});
