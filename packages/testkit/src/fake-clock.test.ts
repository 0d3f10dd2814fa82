import { expect, test } from 'vitest';

import { fakeClock } from './fake-clock.ts';

test('a fake clock stands still until it is moved', () => {
  const clock = fakeClock(1_000);
  expect(clock.now()).toBe(1_000);
  clock.advance(500);
  expect(clock.now()).toBe(1_500);
  clock.set(10);
  expect(clock.now()).toBe(10);
  expect(fakeClock().now()).toBe(Date.UTC(2026, 0, 1));
});
