import { fakeClock } from '@gantry/testkit';
import { describe, expect, test, vi } from 'vitest';

import type { StoredPolicyEvent } from './policy-event.ts';
import { EVENTS_PER_READ_MAX, PolicyFeed, STALE_AFTER_MS, WATCHERS_MAX } from './policy-feed.ts';
import { WATCHER_EVENTS_MAX } from './policy-watcher.ts';

function createWorld() {
  const clock = fakeClock();
  const stored: StoredPolicyEvent[] = [];
  const state: { failure: Error | undefined; held: Promise<void> | undefined } = {
    failure: undefined,
    held: undefined,
  };
  const reach = async () => {
    await state.held;
    if (state.failure !== undefined) throw state.failure;
  };
  const events = {
    latestId: vi.fn(async () => {
      await reach();
      return stored.at(-1)?.id ?? 0n;
    }),
    listAfter: vi.fn(async (id: bigint, limit: number) => {
      await reach();
      return stored.filter((event) => event.id > id).slice(0, limit);
    }),
    purge: async () => undefined,
  };
  const onReadsFailing = vi.fn();
  const feed = new PolicyFeed({ events, clock, onReadsFailing });
  return {
    clock,
    stored,
    state,
    events,
    feed,
    onReadsFailing,
    commit(count = 1) {
      for (let i = 0; i < count; i += 1) {
        stored.push({ id: BigInt(stored.length + 1), tenantId: 'acme', event: { kind: 'tenant_policy_changed' } });
      }
    },
    async tick() {
      feed.tick();
      await feed.settled();
    },
  };
}

type World = ReturnType<typeof createWorld>;

async function read({ feed }: World, count: number) {
  const events = feed.watch().events();
  const ids: bigint[] = [];
  return {
    async ids() {
      while (ids.length < count) ids.push(((await events.next()).value as StoredPolicyEvent).id);
      return ids;
    },
    next: () => events.next(),
  };
}

describe('the policy feed', () => {
  test('delivers what is committed after a stream opened, once, to every stream', async () => {
    const world = createWorld();
    world.commit(2);
    await world.tick();
    const [a, b] = [await read(world, 2), await read(world, 2)];
    world.commit();
    await world.tick();
    world.commit();
    await world.tick();
    await world.tick();
    expect(await a.ids()).toEqual([3n, 4n]);
    expect(await b.ids()).toEqual([3n, 4n]);
  });

  test('reads on when there is more than one read takes', async () => {
    const world = createWorld();
    await world.tick();
    const stream = await read(world, 2 * EVENTS_PER_READ_MAX + 1);
    world.commit(2 * EVENTS_PER_READ_MAX + 1);
    await world.tick();
    expect((await stream.ids()).at(-1)).toBe(BigInt(2 * EVENTS_PER_READ_MAX + 1));
  });

  test('reads once more when it is nudged during a read, however often', async () => {
    const world = createWorld();
    await world.tick();
    const held = Promise.withResolvers<void>();
    world.state.held = held.promise;
    for (let i = 0; i < 10; i += 1) world.feed.nudge();
    held.resolve();
    await world.feed.settled();
    expect(world.events.listAfter).toHaveBeenCalledTimes(2);
  });

  test('opens no stream before the first read', () => {
    const { feed } = createWorld();
    expect(() => feed.watch()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE', reason: 'POLICY_STALE' }));
  });

  test('opens so many streams and no more', async () => {
    const world = createWorld();
    await world.tick();
    const watchers = Array.from({ length: WATCHERS_MAX }, () => world.feed.watch());
    const refusal = expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', reason: 'WATCHERS_EXHAUSTED' });
    expect(() => world.feed.watch()).toThrow(refusal);
    for (const watcher of watchers.slice(0, 1)) world.feed.unwatch(watcher);
    expect(() => world.feed.watch()).not.toThrow();
  });

  test('forgets a stream that nobody reads once it has been given too much', async () => {
    const world = createWorld();
    await world.tick();
    world.feed.watch();
    world.commit(WATCHER_EVENTS_MAX + 1);
    await world.tick();
    expect(world.feed.watcherCount).toBe(0);
  });

  test('ends its streams when it closes, and opens no more', async () => {
    const world = createWorld();
    await world.tick();
    const stream = await read(world, 1);
    world.feed.close();
    await expect(stream.next()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'SHUTTING_DOWN' });
    expect(() => world.feed.watch()).toThrow(expect.objectContaining({ reason: 'SHUTTING_DOWN' }));
    await world.tick();
    expect(world.events.listAfter).not.toHaveBeenCalled();
  });
});

describe('when events cannot be read', () => {
  test('one failure ends nothing, and nothing is missed', async () => {
    const world = createWorld();
    await world.tick();
    const stream = await read(world, 1);
    world.state.failure = new Error('connection lost');
    world.commit();
    await world.tick();
    world.clock.advance(STALE_AFTER_MS);
    world.state.failure = undefined;
    await world.tick();
    expect(await stream.ids()).toEqual([1n]);
  });

  test('failures for too long end all streams, and new ones begin after what was missed', async () => {
    const world = createWorld();
    await world.tick();
    const stream = await read(world, 1);
    world.state.failure = new Error('connection lost');
    await world.tick();
    world.clock.advance(STALE_AFTER_MS + 1);
    world.commit();
    await world.tick();
    await expect(stream.next()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'POLICY_STALE' });
    expect(() => world.feed.watch()).toThrow(expect.objectContaining({ reason: 'POLICY_STALE' }));
    world.state.failure = undefined;
    await world.tick();
    const again = await read(world, 1);
    world.commit();
    await world.tick();
    expect(await again.ids()).toEqual([2n]);
  });

  test('a read that hangs ends the streams all the same, and what it brings later is not delivered', async () => {
    const world = createWorld();
    await world.tick();
    const stream = await read(world, 1);
    world.commit();
    const held = Promise.withResolvers<void>();
    world.state.held = held.promise;
    world.feed.tick();
    world.clock.advance(STALE_AFTER_MS + 1);
    world.feed.tick();
    await expect(stream.next()).rejects.toMatchObject({ reason: 'POLICY_STALE' });
    held.resolve();
    world.state.held = undefined;
    await world.tick();
    const again = await read(world, 1);
    world.commit();
    await world.tick();
    expect(await again.ids()).toEqual([2n]);
  });

  test('says so once an outage', async () => {
    const world = createWorld();
    world.state.failure = new Error('connection lost');
    for (let i = 0; i < 5; i += 1) await world.tick();
    expect(world.onReadsFailing).toHaveBeenCalledTimes(1);
    world.state.failure = undefined;
    await world.tick();
    world.state.failure = new Error('again');
    await world.tick();
    expect(world.onReadsFailing).toHaveBeenCalledTimes(2);
  });
});
