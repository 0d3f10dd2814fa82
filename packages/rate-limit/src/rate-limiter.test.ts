import { expect, test } from 'vitest';

import { createMemoryRateLimiter } from './memory-rate-limiter.ts';
import { BURST_MAX, KEY_CHARS_MAX, PER_MINUTE_MAX, toCellRate } from './rate-limiter.ts';

test('the burst is a minute of requests unless it is given', () => {
  expect(toCellRate('key', { perMinute: 60 })).toEqual({ intervalUs: 1_000_000, burst: 60 });
  expect(toCellRate('key', { perMinute: 60, burst: 5 })).toEqual({ intervalUs: 1_000_000, burst: 5 });
});

test('no requests per minute means no limit', () => {
  const limiter = createMemoryRateLimiter();
  for (let taken = 0; taken < 1_000; taken += 1) {
    expect(limiter.take('key', { perMinute: 0 }, taken + 1)).toEqual({
      allowed: true,
      granted: taken + 1,
      retryAfterMs: 0,
    });
  }
});

test('the largest limit and the longest key are accepted', () => {
  expect(toCellRate('k'.repeat(KEY_CHARS_MAX), { perMinute: PER_MINUTE_MAX })).toEqual({
    intervalUs: 1,
    burst: BURST_MAX,
  });
});

test.each([
  ['', { perMinute: 1 }],
  ['k'.repeat(KEY_CHARS_MAX + 1), { perMinute: 1 }],
  ['key', { perMinute: -1 }],
  ['key', { perMinute: 1.5 }],
  ['key', { perMinute: Number.NaN }],
  ['key', { perMinute: PER_MINUTE_MAX + 1 }],
  ['key', { perMinute: 1, burst: 0 }],
  ['key', { perMinute: 1, burst: BURST_MAX + 1 }],
  ['key', { perMinute: 1, burst: 1.5 }],
])('a key or limit out of range is refused: %j %j', (key, limit) => {
  expect(() => createMemoryRateLimiter().take(key, limit)).toThrow(RangeError);
});

test.each([0, -1, 1.5, Number.NaN, BURST_MAX + 1])('a count of %d tokens is refused', (count) => {
  expect(() => createMemoryRateLimiter().take('key', { perMinute: 1 }, count)).toThrow(RangeError);
});
