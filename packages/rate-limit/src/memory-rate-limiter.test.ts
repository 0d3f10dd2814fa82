import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createMemoryRateLimiter } from './memory-rate-limiter.ts';

function setUp(keysMax?: number) {
  const clock = { nowMs: 1_790_000_000_000, now: () => clock.nowMs };
  const limiter = createMemoryRateLimiter(keysMax === undefined ? { clock } : { clock, keysMax });
  return { clock, limiter };
}

test('exactly the burst is allowed at one instant, then one per emission interval', () => {
  const { clock, limiter } = setUp();
  const limit = { perMinute: 60, burst: 10 };
  for (let taken = 0; taken < 10; taken += 1) {
    expect(limiter.take('key', limit)).toEqual({ allowed: true, granted: 1, retryAfterMs: 0 });
  }

  for (let round = 0; round < 3; round += 1) {
    expect(limiter.take('key', limit)).toEqual({ allowed: false, granted: 0, retryAfterMs: 1_000 });
    clock.nowMs += 999;
    expect(limiter.take('key', limit)).toEqual({ allowed: false, granted: 0, retryAfterMs: 1 });
    clock.nowMs += 1;
    expect(limiter.take('key', limit)).toEqual({ allowed: true, granted: 1, retryAfterMs: 0 });
  }
});

test('after a long pause the burst is whole again and no more', () => {
  const { clock, limiter } = setUp();
  const limit = { perMinute: 60, burst: 3 };
  limiter.take('key', limit);
  clock.nowMs += 86_400_000;

  const decisions = Array.from({ length: 5 }, () => limiter.take('key', limit));

  expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, true, false, false]);
});

test('of many requests at once the first ones are granted, as many as there are tokens', () => {
  const { clock, limiter } = setUp();
  const limit = { perMinute: 60, burst: 10 };

  expect(limiter.take('key', limit, 4)).toEqual({ allowed: true, granted: 4, retryAfterMs: 0 });
  expect(limiter.take('key', limit, 100)).toEqual({ allowed: false, granted: 6, retryAfterMs: 1_000 });
  clock.nowMs += 2_500;
  expect(limiter.take('key', limit, 3)).toEqual({ allowed: false, granted: 2, retryAfterMs: 500 });
});

test('a clock that is set back locks nobody out for longer than one interval', () => {
  const { clock, limiter } = setUp();
  const limit = { perMinute: 60, burst: 3 };
  limiter.take('key', limit);
  clock.nowMs -= 86_400_000;

  expect(limiter.take('key', limit)).toEqual({ allowed: false, granted: 0, retryAfterMs: 1_000 });
  clock.nowMs += 1_000;
  expect(limiter.take('key', limit).allowed).toBe(true);
});

test('a full table forgets the least recently used key only', () => {
  const { limiter } = setUp(2);
  const limit = { perMinute: 1, burst: 1 };
  limiter.take('a', limit);
  limiter.take('b', limit);
  expect(limiter.take('a', limit).allowed).toBe(false);
  limiter.take('c', limit);

  expect(limiter.take('a', limit).allowed).toBe(false);
  expect(limiter.take('b', limit).allowed).toBe(true);
});

test('the limiter agrees with a leaking bucket, whatever the limit and the times', () => {
  const steps = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), waitMs: fc.nat(5_000) }), { maxLength: 100 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 20 }),
      steps,
      (perMinute, burst, taken) => {
        const { clock, limiter } = setUp();
        const model = createLeakingBucket({ intervalUs: Math.round(60_000_000 / perMinute), burst });
        for (const { key, waitMs } of taken) {
          clock.nowMs += waitMs;
          const { allowed, retryAfterMs } = limiter.take(key, { perMinute, burst });
          expect(allowed).toBe(model.take(key, clock.nowMs * 1_000));
          expect(retryAfterMs > 0).toBe(!allowed);
        }
      },
    ),
    { numRuns: 200 },
  );
});

/** The model: each request pours one interval of water in, time lets it out, and the bucket holds `burst` of them. */
function createLeakingBucket({ intervalUs, burst }: { readonly intervalUs: number; readonly burst: number }) {
  const buckets = new Map<string, { levelUs: number; atUs: number }>();
  return {
    take(key: string, nowUs: number): boolean {
      const bucket = buckets.get(key) ?? { levelUs: 0, atUs: nowUs };
      const levelUs = Math.max(0, bucket.levelUs - (nowUs - bucket.atUs));
      const fits = levelUs + intervalUs <= intervalUs * burst;
      buckets.set(key, { levelUs: fits ? levelUs + intervalUs : levelUs, atUs: nowUs });
      return fits;
    },
  };
}
