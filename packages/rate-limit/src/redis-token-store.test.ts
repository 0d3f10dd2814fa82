import { randomUUID } from 'node:crypto';

import { redisKey } from '@gantry/redis';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { MemoryTokenStore } from '../test/memory-token-store.ts';
import { connectRedis } from '../test/redis-fixture.ts';
import { createRedisTokenStore } from './redis-token-store.ts';

const startUs = 1_790_000_000_000_000;

async function setUp() {
  const fixture = await connectRedis();
  const clock = { us: startUs };
  const name = randomUUID();
  const nowUs = () => clock.us;
  return {
    clock,
    name,
    redis: fixture.redis,
    store: createRedisTokenStore({ redis: fixture.redis, name, nowUs }),
    [Symbol.dispose]: () => fixture[Symbol.dispose](),
  };
}

const cells = { key: 'key', intervalUs: 1_000, burst: 10_000 };

test('the scripts do what the model does, whatever is leased and given back when', async () => {
  using fixture = await setUp();
  // Less than 1.5 s in all: Redis forgets what was given back by its own clock, beside which the test's stands still.
  const steps = fc.array(
    fc.record({ waitUs: fc.nat(45_000), demand: fc.nat(300), ahead: fc.nat(300), givesBack: fc.boolean() }),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30_000 }),
      fc.integer({ min: 1, max: 5_000 }),
      steps,
      async (intervalUs, burst, taken) => {
        const key = randomUUID();
        const clock = { us: startUs };
        const store = createRedisTokenStore({ redis: fixture.redis, name: fixture.name, nowUs: () => clock.us });
        const model = new MemoryTokenStore(() => clock.us);
        for (const { waitUs, demand, ahead, givesBack } of taken) {
          clock.us += waitUs;
          const reply = await store.lease({ key, intervalUs, burst, demand, ahead });
          expect(reply).toEqual(model.leaseNow({ key, intervalUs, burst, demand, ahead }));
          if (!givesBack || reply.granted === 0) continue;
          const unused = { key, intervalUs, tokens: Math.ceil(reply.granted / 2), arrivalUs: reply.arrivalUs };
          await store.giveBack(unused);
          model.giveBackNow(unused);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('unused tokens of a bucket that is far from full are there again', async () => {
  using fixture = await setUp();
  const { store } = fixture;
  const { arrivalUs } = await store.lease({ ...cells, demand: 4_000, ahead: 100 });
  await store.giveBack({ ...cells, tokens: 100, arrivalUs });

  expect(await store.lease({ ...cells, demand: 10_000, ahead: 0 })).toMatchObject({ granted: 6_000 });
});

test('unused tokens of a bucket that is nearly full are let go: they flow back by themselves', async () => {
  using fixture = await setUp();
  const { store, clock } = fixture;
  const { arrivalUs } = await store.lease({ ...cells, demand: 600, ahead: 100 });
  await store.giveBack({ ...cells, tokens: 100, arrivalUs });
  expect(await store.lease({ ...cells, demand: 0, ahead: 0 })).toMatchObject({ debtUs: 700_000 });
  clock.us += 700_000;

  expect(await store.lease({ ...cells, demand: 10_000, ahead: 0 })).toMatchObject({ granted: 10_000 });
});

test('tokens given back to a key that is lost change nothing', async () => {
  using fixture = await setUp();
  const { store, redis, name } = fixture;
  const { arrivalUs } = await store.lease({ ...cells, demand: 5_000, ahead: 100 });
  await redis.del(redisKey('rate', { tag: 'key' }, name));
  await store.giveBack({ ...cells, tokens: 100, arrivalUs });

  expect(await store.lease({ ...cells, demand: 10_001, ahead: 0 })).toMatchObject({ granted: 10_000 });
});

test('asking for nothing writes nothing', async () => {
  using fixture = await setUp();
  await fixture.store.lease({ ...cells, demand: 0, ahead: 0 });

  expect(await fixture.redis.exists(redisKey('rate', { tag: 'key' }, fixture.name))).toBe(0);
});
