import { expect, test } from 'vitest';

import { RECONNECT_MS_MAX, reconnectDelayMs } from './reconnect-backoff.ts';

test('the delay doubles from 50 ms and stays at its cap for ever', () => {
  const most = (attempt: number) => reconnectDelayMs(attempt, () => 1);

  expect([1, 2, 3, 6, 7, 1_000_000].map(most)).toEqual([50, 100, 200, 1_600, RECONNECT_MS_MAX, RECONNECT_MS_MAX]);
});

test('jitter takes away at most half, so there is always a pause', () => {
  expect(reconnectDelayMs(1, () => 0)).toBe(25);
  expect(reconnectDelayMs(50, () => 0)).toBe(RECONNECT_MS_MAX / 2);
});
