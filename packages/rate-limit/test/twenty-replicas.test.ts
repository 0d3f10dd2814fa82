import { randomUUID } from 'node:crypto';

import { expect, test } from 'vitest';

import { createMemoryRateLimiter } from '../src/memory-rate-limiter.ts';
import type { RateLimit } from '../src/rate-limiter.ts';
import { createRedisTokenStore } from '../src/redis-token-store.ts';
import { connectRedis } from './redis-fixture.ts';
import { createReplica } from './replica.ts';

const REPLICAS = 20;
/** An error of the limiter that nobody can tell from one of the network. */
const ERROR_MAX = 0.02;
const SWEEP_MS = 250;

interface Traffic {
  readonly limit: RateLimit;
  readonly seconds: number;
  /** How many requests come in a given millisecond. */
  readonly requestsAt: (ms: number) => number;
  /** Which replica a request goes to. */
  readonly replicaOf: (request: number, ms: number) => number;
}

/** Sends the traffic to twenty replicas and to one exact limiter, in a time that only the test moves. */
async function run({ limit, seconds, requestsAt, replicaOf }: Traffic) {
  using fixture = await connectRedis();
  const clock = { nowMs: 1_790_000_000_000, now: () => clock.nowMs };
  const store = createRedisTokenStore({ redis: fixture.redis, name: randomUUID(), nowUs: () => clock.nowMs * 1_000 });
  const replicas = Array.from({ length: REPLICAS }, () => createReplica(store, clock));
  const exact = createMemoryRateLimiter({ clock });
  const result = { granted: 0, ideal: 0, sent: 0, asked: 0 };
  for (let ms = 0; ms < seconds * 1_000; ms += 1) {
    clock.nowMs += 1;
    for (let request = requestsAt(ms); request > 0; request -= 1) {
      const decision = replicas[replicaOf(result.sent, ms)]?.limiter.take('key', limit);
      result.granted += (await decision)?.granted ?? 0;
      result.ideal += exact.take('key', limit).granted;
      result.sent += 1;
    }
    if (ms % SWEEP_MS === 0) for (const replica of replicas) replica.sweep();
  }
  result.asked = replicas.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  return result;
}

/** Numbers that look random and are the same in every run. */
function createDice(): (sides: number) => number {
  let state = 1;
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
}

test('a burst through twenty replicas, then more than the limit, is granted what one would grant, to 2 %', async () => {
  const dice = createDice();
  const { granted, ideal } = await run({
    limit: { perMinute: 12_000, burst: 2_000 },
    seconds: 15,
    requestsAt: (ms) => (ms === 0 ? 1_000 : Number(ms % 3 === 0)),
    replicaOf: () => dice(REPLICAS),
  });

  expect(granted).toBeLessThanOrEqual(ideal);
  expect(granted).toBeGreaterThan(ideal * (1 - ERROR_MAX));
});

test('a client that sticks to a replica for a second gets 98 % of its limit, and most requests cost no round trip', async () => {
  const dice = createDice();
  let replica = 0;
  const { granted, ideal, sent, asked } = await run({
    limit: { perMinute: 30_000, burst: 5_000 },
    seconds: 20,
    requestsAt: () => 1,
    replicaOf: (_, ms) => {
      if (ms % 1_000 === 0) replica = dice(REPLICAS);
      return replica;
    },
  });

  expect(granted).toBeLessThanOrEqual(ideal);
  expect(granted).toBeGreaterThan(ideal * (1 - ERROR_MAX));
  expect(asked).toBeLessThan(sent / 10);
});

test('a low limit is exact, whichever replica is asked', async () => {
  const dice = createDice();
  const { granted, ideal } = await run({
    limit: { perMinute: 60, burst: 60 },
    seconds: 30,
    requestsAt: (ms) => Number(ms % 20 === 0),
    replicaOf: () => dice(REPLICAS),
  });

  expect(granted).toBe(ideal);
});
