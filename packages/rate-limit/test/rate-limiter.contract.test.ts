import { randomUUID } from 'node:crypto';

import type { Clock } from '@gantry/telemetry';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createMemoryRateLimiter } from '../src/memory-rate-limiter.ts';
import type { RateLimiter } from '../src/rate-limiter.ts';
import { createRedisTokenStore } from '../src/redis-token-store.ts';
import { MemoryTokenStore } from './memory-token-store.ts';
import { connectRedis } from './redis-fixture.ts';
import { createReplica } from './replica.ts';

const START_MS = 1_790_000_000_000;

function createClock() {
  const clock = { nowMs: START_MS, now: () => clock.nowMs };
  return clock;
}

interface Kind {
  readonly name: string;
  readonly create: (clock: Clock) => Promise<Disposable & { readonly limiter: RateLimiter }>;
}

const kinds: readonly Kind[] = [
  {
    name: 'the limiter of one process',
    create: async (clock) => ({ limiter: createMemoryRateLimiter({ clock }), [Symbol.dispose]: () => {} }),
  },
  {
    name: 'a replica over a store',
    create: async (clock) => {
      const store = new MemoryTokenStore(() => clock.now() * 1_000);
      return { limiter: createReplica(store, clock).limiter, [Symbol.dispose]: () => {} };
    },
  },
  {
    name: 'a replica over Redis',
    create: async (clock) => {
      const { redis, [Symbol.dispose]: dispose } = await connectRedis();
      const store = createRedisTokenStore({ redis, name: randomUUID(), nowUs: () => clock.now() * 1_000 });
      return { limiter: createReplica(store, clock).limiter, [Symbol.dispose]: dispose };
    },
  },
];

describe.each(kinds)('$name', ({ create }) => {
  test('grants exactly the burst at one instant, then one per interval', async () => {
    const clock = createClock();
    using fixture = await create(clock);
    const limit = { perMinute: 60, burst: 10 };
    for (let taken = 0; taken < 10; taken += 1) {
      expect(await fixture.limiter.take('key', limit)).toEqual({ allowed: true, granted: 1, retryAfterMs: 0 });
    }
    for (let round = 0; round < 3; round += 1) {
      expect(await fixture.limiter.take('key', limit)).toEqual({ allowed: false, granted: 0, retryAfterMs: 1_000 });
      clock.nowMs += 999;
      expect(await fixture.limiter.take('key', limit)).toEqual({ allowed: false, granted: 0, retryAfterMs: 1 });
      clock.nowMs += 1;
      expect(await fixture.limiter.take('key', limit)).toEqual({ allowed: true, granted: 1, retryAfterMs: 0 });
    }
  });

  test('grants the first of a batch, as many as there are tokens', async () => {
    using fixture = await create(createClock());
    const limit = { perMinute: 60, burst: 10 };

    expect(await fixture.limiter.take('key', limit, 4)).toEqual({ allowed: true, granted: 4, retryAfterMs: 0 });
    expect(await fixture.limiter.take('key', limit, 100)).toEqual({ allowed: false, granted: 6, retryAfterMs: 1_000 });
  });

  test('keeps keys apart, knows no limit, and takes a changed limit from the next call on', async () => {
    using fixture = await create(createClock());
    const limit = { perMinute: 60, burst: 1 };
    expect(await fixture.limiter.take('a', limit)).toMatchObject({ allowed: true });
    expect(await fixture.limiter.take('a', limit)).toMatchObject({ allowed: false });

    expect(await fixture.limiter.take('b', limit)).toMatchObject({ allowed: true });
    expect(await fixture.limiter.take('a', { perMinute: 0 }, 100)).toMatchObject({ allowed: true, granted: 100 });
    expect(await fixture.limiter.take('a', { perMinute: 60, burst: 2 })).toMatchObject({ allowed: true });
  });

  test('throws at once what is out of range', async () => {
    using fixture = await create(createClock());

    expect(() => fixture.limiter.take('', { perMinute: 1 })).toThrow(RangeError);
    expect(() => fixture.limiter.take('key', { perMinute: -1 })).toThrow(RangeError);
    expect(() => fixture.limiter.take('key', { perMinute: 1 }, 0)).toThrow(RangeError);
  });
});

const visits = fc.array(fc.record({ waitMs: fc.nat(2_000), count: fc.integer({ min: 1, max: 40 }) }), {
  maxLength: 60,
});

test('under a low limit one replica decides as one process does, whatever comes when', async () => {
  const limits = fc.record({ perMinute: fc.integer({ min: 1, max: 299 }), burst: fc.integer({ min: 1, max: 500 }) });
  await fc.assert(
    fc.asyncProperty(limits, visits, async (limit, taken) => {
      const clock = createClock();
      const exact = createMemoryRateLimiter({ clock });
      const { limiter } = createReplica(new MemoryTokenStore(() => clock.now() * 1_000), clock);
      for (const { waitMs, count } of taken) {
        clock.nowMs += waitMs;
        expect(await limiter.take('key', limit, count)).toEqual(exact.take('key', limit, count));
      }
    }),
  );
});

test('under a high limit one replica grants a steady client what one process does, to 2 %', async () => {
  const limits = fc.record({
    perMinute: fc.integer({ min: 3_000, max: 60_000 }),
    burst: fc.integer({ min: 100, max: 5_000 }),
  });
  await fc.assert(
    fc.asyncProperty(limits, fc.integer({ min: 1, max: 40 }), async (limit, everyMs) => {
      const clock = createClock();
      const exact = createMemoryRateLimiter({ clock });
      const { limiter } = createReplica(new MemoryTokenStore(() => clock.now() * 1_000), clock);
      let [granted, ideal] = [0, 0];
      for (let sent = 0; sent < 5_000; sent += 1) {
        clock.nowMs += everyMs;
        granted += (await limiter.take('key', limit)).granted;
        ideal += exact.take('key', limit).granted;
      }
      expect(granted).toBeLessThanOrEqual(ideal);
      expect(granted).toBeGreaterThanOrEqual(ideal * 0.98);
    }),
    { numRuns: 20 },
  );
});
