import fc from 'fast-check';
import { expect, test } from 'vitest';

import { openCache } from '../test/cache-fixture.ts';
import type { CacheStore } from './cache-store.ts';

type Fault = 'none' | 'refused' | 'applied but not answered';

const fault = fc.constantFrom<Fault>('none', 'none', 'none', 'refused', 'applied but not answered');
const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'read' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'change' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'evict' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'wait' as const }) },
);

/**
 * The model: a source with one version number that only grows. A change writes a new version to the source and then
 * deletes the key. Whatever order the stores and loads are answered in, and whichever of them fail, a read that begins
 * after a delete resolved returns at least the version that was the source's when that delete was called.
 */
test('no read returns a value older than the last completed delete', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { minLength: 3, maxLength: 25 }),
      fc.infiniteStream(fault),
      async (scheduler, steps, faults) => {
        const l2 = new ScheduledStore(scheduler, faults);
        const l3 = new ScheduledStore(scheduler, faults);
        const { cache, clock } = openCache({ l2, l3, l1: { entriesMax: 1, ttlMs: 10_000 } });
        let version = 0;
        let versionDeleted = 0;
        const load = async () => {
          const loaded = version;
          await scheduler.schedule(Promise.resolve(), 'load');
          return String(loaded);
        };

        let others = 0;
        // L1 has room for one entry, so reading another key pushes this one out; it also tries a store that failed.
        const evict = async () => {
          others += 1;
          await cache.get(`other ${others}`, async () => 'x');
        };
        const perform = {
          read: async () => {
            const versionMin = versionDeleted;
            const { value } = await cache.get('k', load);
            expect(Number(value)).toBeGreaterThanOrEqual(versionMin);
          },
          change: async () => {
            version += 1;
            const versionWritten = version;
            await cache.delete('k');
            versionDeleted = Math.max(versionDeleted, versionWritten);
          },
          evict,
          // Past the pause after a failure, so that the next read tries the stores again.
          wait: async () => {
            clock.nowMs += 1_100;
            await evict();
          },
        };

        const running: Promise<void>[] = [];
        for (const { kind } of steps) {
          running.push(scheduler.schedule(Promise.resolve(), kind).then(perform[kind]));
        }
        await scheduler.waitFor(Promise.all(running));
        // Afterwards the stores work again, and what they still hold is asked for.
        l2.isFaulty = false;
        l3.isFaulty = false;
        for (let round = 0; round < 3; round += 1) {
          await scheduler.waitFor(perform.wait());
          await scheduler.waitFor(perform.read());
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** A store whose answers come in the order the scheduler picks, and which sometimes fails, with or without effect. */
class ScheduledStore implements CacheStore {
  readonly #entries = new Map<string, Uint8Array>();
  readonly #scheduler: fc.Scheduler;
  readonly #faults: Iterator<Fault>;
  isFaulty = true;

  constructor(scheduler: fc.Scheduler, faults: Iterator<Fault>) {
    this.#scheduler = scheduler;
    this.#faults = faults;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return await this.#run('get', () => this.#entries.get(key));
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    await this.#run('set', () => void this.#entries.set(key, value));
  }

  async delete(key: string): Promise<void> {
    await this.#run('delete', () => void this.#entries.delete(key));
  }

  async #run<R>(label: string, effect: () => R): Promise<R> {
    const outcome: Fault = this.isFaulty ? (this.#faults.next().value ?? 'none') : 'none';
    // Twice, so that something else can happen before the effect and between the effect and its answer.
    await this.#scheduler.schedule(Promise.resolve(), `${label} arrives`);
    if (outcome === 'refused') {
      throw new Error('refused');
    }
    const result = effect();
    await this.#scheduler.schedule(Promise.resolve(), `${label} answers`);
    if (outcome === 'applied but not answered') {
      throw new Error('not answered');
    }
    return result;
  }
}
