import { expect, test } from 'vitest';

import { createResetBudget } from './reset-budget.ts';

test('a burst of 500 resets is allowed, then 16 a second', () => {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const budget = createResetBudget(clock);
  const takeAll = () => {
    let taken = 0;
    while (budget.take()) taken += 1;
    return taken;
  };
  expect(takeAll()).toBe(500);
  expect(budget.take()).toBe(false);
  clock.nowMs += 1_000;
  expect(takeAll()).toBe(16);
  clock.nowMs += 3_600_000;
  expect(takeAll()).toBe(500);
});

test('a clock that jumps back takes nothing away', () => {
  const clock = { nowMs: 10_000, now: () => clock.nowMs };
  const budget = createResetBudget(clock);
  clock.nowMs = 0;
  expect(budget.take()).toBe(true);
});
