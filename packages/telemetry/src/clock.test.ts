import { expect, test, vi } from 'vitest';

import { monotonicClock, systemClock } from './clock.ts';

test('the system clock tells epoch milliseconds', () => {
  vi.useFakeTimers({ now: 1_700_000_000_123 });
  expect(systemClock.now()).toBe(1_700_000_000_123);
  vi.useRealTimers();
});

test('the monotonic clock does not follow a wall clock that is set back', () => {
  const before = monotonicClock.now();
  vi.useFakeTimers({ now: 0, toFake: ['Date'] });
  expect(monotonicClock.now()).toBeGreaterThanOrEqual(before);
  vi.useRealTimers();
});
