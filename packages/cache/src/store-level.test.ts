import { createLogger, createMetricsRegistry } from '@gantry/telemetry';
import { expect, test } from 'vitest';

import { FakeStore, standingClock } from '../test/cache-fixture.ts';
import { createCacheMetrics } from './cache-metrics.ts';
import { StoreLevel, WRITES_MAX } from './store-level.ts';

function setUp() {
  const store = new FakeStore();
  const clock = standingClock();
  const level = new StoreLevel({
    level: 'l2',
    store,
    ttlMsMax: 60_000,
    timeoutMs: 30_000,
    clock,
    metrics: createCacheMetrics(createMetricsRegistry({ service: 'test' }), 'test', () => ({ entries: 0, bytes: 0 })),
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
  const entry = (value: string) => ({ payload: Buffer.from(value), expiresAtMs: clock.nowMs + 60_000 });
  return { store, clock, level, entry };
}

test('a level takes its number of writes at once, leaves out one more, and takes writes again when they are done', async () => {
  const { store, level, entry } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.pause = promise;
  for (let index = 0; index < WRITES_MAX; index += 1) {
    level.set(`k${index}`, entry('v'));
  }
  level.set('one more', entry('v'));
  resolve();
  await level.settle();
  expect(store.entries.size).toBe(WRITES_MAX);
  expect(store.entries.has('one more')).toBe(false);

  level.set('one more', entry('v'));
  await level.settle();

  expect(store.entries.has('one more')).toBe(true);
});

test('a key is not written again while it is being written, because the older write could arrive last', async () => {
  const { store, level, entry } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.pause = promise;
  level.set('k', entry('first'));
  level.set('k', entry('second'));
  resolve();
  await level.settle();

  expect(store.calls).toEqual(['set k']);
});

test('a removal waits for the writes of its key', async () => {
  const { store, level, entry } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.pause = promise;
  level.set('k', entry('old'));
  const removed = level.remove('k', level.suspect('k'));
  expect(store.calls).toEqual(['set k']);
  resolve();
  await removed;

  expect(store.calls).toEqual(['set k', 'delete k']);
  expect(store.entries.size).toBe(0);
});

test('after a write without an answer its key is not read until the write cannot arrive any more', async () => {
  const { store, clock, level, entry } = setUp();
  store.failure = new Error('no answer');
  level.set('k', entry('v'));
  await level.settle();
  store.failure = undefined;
  clock.nowMs += 1_000;
  await level.get('probe');
  await expect.poll(() => store.calls).toEqual(['set k', 'get probe']);

  await level.get('k');
  expect(store.calls).toEqual(['set k', 'get probe']);
  clock.nowMs += 29_000;
  await level.get('k');

  expect(store.calls).toEqual(['set k', 'get probe', 'get k']);
});

test('an entry past its time is not returned, whatever the store thinks', async () => {
  const { clock, level, entry } = setUp();
  level.set('k', entry('v'));
  await level.settle();
  expect(await level.get('k')).toBeDefined();
  clock.nowMs += 60_000;

  expect(await level.get('k')).toBeUndefined();
});

test('while the store is lost a removal does not wait for it, and is still tried', async () => {
  const { store, clock, level, entry } = setUp();
  level.set('k', entry('old'));
  await level.settle();
  store.failure = new Error('lost');
  await level.get('k');
  store.failure = undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  store.pause = promise;

  await level.remove('k', level.suspect('k'));
  expect(store.entries.has('k')).toBe(true);
  resolve();
  await level.settle();
  clock.nowMs += 1_000;

  expect(store.entries.has('k')).toBe(false);
});
