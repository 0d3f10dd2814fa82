import { expect, test, vi } from 'vitest';

import { systemClock } from './clock.ts';

test('the system clock tells epoch milliseconds', () => {
  vi.useFakeTimers({ now: 1_700_000_000_123 });
  expect(systemClock.now()).toBe(1_700_000_000_123);
  vi.useRealTimers();
});
