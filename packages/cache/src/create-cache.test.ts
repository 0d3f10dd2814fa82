import { describe, expect, test } from 'vitest';

import { FakeStore, openCache, source } from '../test/cache-fixture.ts';
import { FLIGHTS_MAX } from './create-cache.ts';

const text = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString();

describe('reading through', () => {
  test('a value is loaded once and then comes from the first level', async () => {
    const { cache } = openCache();
    const origin = source('v');

    expect(await cache.get('k', origin.load)).toEqual({ value: 'v', level: 'source' });
    expect(await cache.get('k', origin.load)).toEqual({ value: 'v', level: 'l1' });
    expect(origin.loadsTotal).toBe(1);
  });

  test('another instance finds it in L2, and in L3 when L2 has lost it, and carries it up', async () => {
    const [l2, l3] = [new FakeStore(), new FakeStore()];
    const first = openCache({ l2, l3 });
    await first.cache.get('k', source('v').load);
    await first.cache[Symbol.asyncDispose]();

    const second = openCache({ l2, l3 });
    expect(await second.cache.get('k', source('never').load)).toEqual({ value: 'v', level: 'l2' });

    l2.entries.clear();
    const third = openCache({ l2, l3 });
    expect(await third.cache.get('k', source('never').load)).toEqual({ value: 'v', level: 'l3' });
    await third.cache[Symbol.asyncDispose]();
    expect(text(l2.entries.get('k')?.value)).toContain('v');
    expect(await third.cache.get('k', source('never').load)).toMatchObject({ level: 'l1' });
  });

  test('an absence is remembered on all levels for its own time', async () => {
    const l2 = new FakeStore();
    const { cache, clock } = openCache({ l2 });
    const origin = source(undefined);

    expect(await cache.get('k', origin.load)).toEqual({ value: undefined, level: 'source' });
    expect(await cache.get('k', origin.load)).toEqual({ value: undefined, level: 'l1' });
    await cache[Symbol.asyncDispose]();
    expect(l2.entries.get('k')?.ttlMs).toBe(5_000);
    expect(await openCache({ l2 }).cache.get('k', origin.load)).toEqual({ value: undefined, level: 'l2' });

    clock.nowMs += 5_000;
    origin.value = 'now there';
    expect(await cache.get('k', origin.load)).toEqual({ value: 'now there', level: 'source' });
  });

  test('with a negative time of 0 an absence is not remembered', async () => {
    const { cache } = openCache({ negativeTtlMs: 0 });
    const origin = source(undefined);

    await cache.get('k', origin.load);
    await cache.get('k', origin.load);

    expect(origin.loadsTotal).toBe(2);
  });

  test('a failed load rejects its callers and is not remembered', async () => {
    const { cache } = openCache();

    await expect(cache.get('k', () => Promise.reject(new Error('source down')))).rejects.toThrow('source down');

    expect(await cache.get('k', source('v').load)).toEqual({ value: 'v', level: 'source' });
  });
});

describe('expiry', () => {
  test('moving up a level does not lengthen a life', async () => {
    const [l2, l3] = [new FakeStore(), new FakeStore()];
    const first = openCache({ l2, l3 });
    await first.cache.get('k', source('old').load);
    await first.cache[Symbol.asyncDispose]();
    l2.entries.clear();
    const second = openCache({ l2, l3 });
    second.clock.nowMs += 59_000;

    expect(await second.cache.get('k', source('new').load)).toEqual({ value: 'old', level: 'l3' });
    await second.cache[Symbol.asyncDispose]();
    expect(l2.entries.get('k')?.ttlMs).toBe(1_000);
    second.clock.nowMs += 1_000;

    expect(await second.cache.get('k', source('new').load)).toEqual({ value: 'new', level: 'source' });
  });

  test('the first level asks the second again after its own, shorter time', async () => {
    const l2 = new FakeStore();
    const { cache, clock } = openCache({ l2 });
    await cache.get('k', source('v').load);
    await cache[Symbol.asyncDispose]();
    clock.nowMs += 10_000;

    expect(await cache.get('k', source('never').load)).toEqual({ value: 'v', level: 'l2' });
  });

  test('jitter shortens a life by up to a tenth', async () => {
    const l2 = new FakeStore();
    const { cache } = openCache({ l2, random: () => 0.5 });
    await cache.get('k', source('v').load);
    await cache[Symbol.asyncDispose]();

    expect(l2.entries.get('k')?.ttlMs).toBe(57_000);
  });
});

describe('one flight per key', () => {
  test('callers that miss together share one load', async () => {
    const { cache } = openCache();
    const origin = source('v');

    const reads = await Promise.all(Array.from({ length: 100 }, () => cache.get('k', origin.load)));

    expect(origin.loadsTotal).toBe(1);
    expect(reads.every(({ value }) => value === 'v')).toBe(true);
  });

  test("one caller's abort leaves the load to the others", async () => {
    const { cache } = openCache();
    const { promise, resolve } = Promise.withResolvers<string>();
    const aborter = new AbortController();
    let loadSignal: AbortSignal | undefined;
    const load = (signal: AbortSignal) => {
      loadSignal = signal;
      return promise;
    };

    const leaving = cache.get('k', load, aborter.signal);
    const staying = cache.get('k', load, new AbortController().signal);
    await expect.poll(() => loadSignal).toBeDefined();
    aborter.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    expect(loadSignal?.aborted).toBe(false);
    resolve('v');

    expect(await staying).toEqual({ value: 'v', level: 'source' });
  });

  test('the load is aborted when all callers have gone, and the next caller starts a new one', async () => {
    const { cache } = openCache();
    const aborters = [new AbortController(), new AbortController()];
    const hung = Promise.withResolvers<string>();
    let loadSignal: AbortSignal | undefined;
    const reads = aborters.map(({ signal }) =>
      cache.get(
        'k',
        (aborted) => {
          loadSignal = aborted;
          return hung.promise;
        },
        signal,
      ),
    );
    const outcomes = Promise.allSettled(reads);
    await expect.poll(() => loadSignal).toBeDefined();
    for (const aborter of aborters) {
      aborter.abort(new Error('gone'));
    }

    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(loadSignal?.aborted).toBe(true);
    expect(await cache.get('k', source('new').load)).toEqual({ value: 'new', level: 'source' });
    hung.resolve('late');
    await hung.promise;
    expect(await cache.get('k', source('never').load)).toEqual({ value: 'new', level: 'l1' });
  });

  test('a caller that is already aborted does not even look', async () => {
    const { cache } = openCache();
    const origin = source('v');

    await expect(cache.get('k', origin.load, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');

    expect(origin.loadsTotal).toBe(0);
  });

  test('beyond the cap of shared loads a load still answers its caller but is not kept', async () => {
    const { cache } = openCache({ l1: { entriesMax: FLIGHTS_MAX * 2, ttlMs: 10_000 } });
    const gate = Promise.withResolvers<string>();
    const waiting = Array.from({ length: FLIGHTS_MAX }, (_, index) => cache.get(`k${index}`, () => gate.promise));

    expect(await cache.get('one more', source('v').load)).toEqual({ value: 'v', level: 'source' });
    expect(await cache.get('one more', source('v').load)).toEqual({ value: 'v', level: 'source' });
    gate.resolve('late');
    await Promise.all(waiting);

    expect(await cache.get('k0', source('never').load)).toMatchObject({ level: 'l1' });
  });
});

describe('limits', () => {
  test('the first level keeps its number of entries and no more', async () => {
    const { cache, samples } = openCache({ l1: { entriesMax: 10, ttlMs: 10_000 } });
    for (let index = 0; index < 11; index += 1) {
      await cache.get(`k${index}`, source('v').load);
    }

    expect(await samples('gantry_cache_l1_entries')).toEqual([' 10']);
    expect(await cache.get('k0', source('v').load)).toMatchObject({ level: 'source' });
  });

  test('the first level keeps its number of bytes and no more', async () => {
    const { cache, samples } = openCache({ l1: { entriesMax: 100, ttlMs: 10_000, bytesMax: 10_000 } });
    for (let index = 0; index < 20; index += 1) {
      await cache.get(`k${index}`, source('x'.repeat(1_000)).load);
    }

    const bytes = Number((await samples('gantry_cache_l1_bytes'))[0]?.trim());
    expect(bytes).toBeGreaterThan(8_000);
    expect(bytes).toBeLessThanOrEqual(10_000);
  });

  test('a value of the largest size is kept and a larger one only returned', async () => {
    const l2 = new FakeStore();
    const { cache } = openCache({ l2, entryBytesMax: 100 });
    await cache.get('fits', source('x'.repeat(100)).load);
    await cache.get('large', source('x'.repeat(101)).load);
    await cache[Symbol.asyncDispose]();

    expect([...l2.entries.keys()]).toEqual(['fits']);
    expect(await cache.get('fits', source('v').load)).toMatchObject({ level: 'l1' });
    expect(await cache.get('large', source('v').load)).toMatchObject({ level: 'source' });
  });

  test.each([{ ttlMs: 0 }, { ttlMs: Number.NaN }, { negativeTtlMs: -1 }, { l1: { entriesMax: 0, ttlMs: 1 } }])(
    'options that make no sense are refused: %j',
    (options) => {
      expect(() => openCache(options)).toThrow(RangeError);
    },
  );
});

describe('failures of a store', () => {
  test('a lost L2 costs nothing but its hits, is said once, and is used again when it is back', async () => {
    const l2 = new FakeStore();
    const { cache, clock, logs, samples } = openCache({ l2 });
    l2.failure = new Error('redis is lost');
    for (let index = 0; index < 10; index += 1) {
      expect(await cache.get(`k${index}`, source('v').load)).toEqual({ value: 'v', level: 'source' });
    }
    expect(l2.calls).toEqual(['get k0']);
    expect(await samples('gantry_cache_level_up')).toEqual(['level="l2" 0']);

    l2.failure = undefined;
    clock.nowMs += 1_000;
    await cache.get('probe', source('v').load);
    await expect.poll(() => samples('gantry_cache_level_up')).toEqual(['level="l2" 1']);
    await cache.get('kept', source('v').load);
    await cache[Symbol.asyncDispose]();

    expect(l2.entries.has('kept')).toBe(true);
    expect(logs).toEqual(['a cache level is lost, reads go past it', 'a cache level is back']);
  });

  test('a store that never answers delays one read by the store timeout and no other', async () => {
    const l2 = new FakeStore();
    l2.pause = new Promise(() => undefined);
    const { cache } = openCache({ l2, storeTimeoutMs: 20 });

    for (let index = 0; index < 100; index += 1) {
      expect(await cache.get(`k${index}`, source('v').load)).toMatchObject({ value: 'v' });
    }

    expect(l2.calls).toHaveLength(1);
  });

  test('bytes that are no entry, or do not decode, are loaded again and replaced', async () => {
    const l2 = new FakeStore();
    const { cache, logs } = openCache({
      l2,
      decode: () => {
        throw new Error('an older version');
      },
    });
    l2.entries.set('foreign', { value: Buffer.from('{"json":true}'), ttlMs: 1_000 });
    await openCache({ l2 }).cache.get('older', source('old').load);
    await expect.poll(() => l2.entries.has('older')).toBe(true);

    expect(await cache.get('foreign', source('v').load)).toEqual({ value: 'v', level: 'source' });
    expect(await cache.get('older', source('v').load)).toEqual({ value: 'v', level: 'source' });
    expect(logs).toEqual(['a cached value could not be decoded and is loaded again']);
  });

  test('a value that cannot be encoded is returned and not kept', async () => {
    const { cache, logs } = openCache({
      encode: () => {
        throw new Error('circular');
      },
    });

    expect(await cache.get('k', source('v').load)).toEqual({ value: 'v', level: 'source' });
    expect(await cache.get('k', source('v').load)).toEqual({ value: 'v', level: 'source' });
    expect(logs[0]).toBe('a value could not be encoded and is not cached');
  });
});

describe('deleting', () => {
  test('a deleted key is gone from all levels, the deepest first', async () => {
    const [l2, l3] = [new FakeStore(), new FakeStore()];
    const order: string[] = [];
    l2.delete = async (key) => void order.push(`l2 ${key}`);
    const remove = l3.delete.bind(l3);
    l3.delete = async (key) => {
      order.push(`l3 ${key}`);
      await remove(key);
    };
    const { cache } = openCache({ l2, l3 });
    await cache.get('k', source('old').load);

    await cache.delete('k');

    expect(order).toEqual(['l3 k', 'l2 k']);
    expect(l3.entries.size).toBe(0);
  });

  test('a load that began before a delete answers its callers and is not kept', async () => {
    const l2 = new FakeStore();
    const { cache } = openCache({ l2 });
    const { promise, resolve } = Promise.withResolvers<string>();
    let isLoading = false;
    const early = cache.get('k', () => {
      isLoading = true;
      return promise;
    });
    await expect.poll(() => isLoading).toBe(true);

    await cache.delete('k');
    const late = cache.get('k', source('new').load);
    resolve('old');

    expect(await early).toEqual({ value: 'old', level: 'source' });
    expect(await late).toEqual({ value: 'new', level: 'source' });
    expect(await cache.get('k', source('never').load)).toEqual({ value: 'new', level: 'l1' });
    await cache[Symbol.asyncDispose]();
    expect(text(l2.entries.get('k')?.value)).toContain('new');
  });

  test('an entry that could not be deleted is not believed until it has been replaced', async () => {
    const l2 = new FakeStore();
    const { cache, clock, logs } = openCache({ l2 });
    await cache.get('k', source('old').load);
    await cache[Symbol.asyncDispose]();
    l2.failure = new Error('redis is lost');
    await cache.delete('k');
    l2.failure = undefined;
    clock.nowMs += 10_000;
    await cache.get('probe', source('v').load);
    await expect.poll(() => logs).toContain('a cache level is back');
    expect(text(l2.entries.get('k')?.value)).toContain('old');

    expect(await cache.get('k', source('new').load)).toEqual({ value: 'new', level: 'source' });
    await cache[Symbol.asyncDispose]();
    clock.nowMs += 10_000;

    expect(await cache.get('k', source('never').load)).toEqual({ value: 'new', level: 'l2' });
  });
});

test('every level counts what it was asked', async () => {
  const l2 = new FakeStore();
  const { cache, samples } = openCache({ l2 });
  await cache.get('k', source('v').load);
  await cache.get('k', source('v').load);
  await cache.get('none', source(undefined).load);
  await cache.get('none', source(undefined).load);

  expect((await samples('gantry_cache_requests_total')).toSorted()).toEqual([
    'level="l1",result="hit" 1',
    'level="l1",result="miss" 2',
    'level="l1",result="negative" 1',
    'level="l2",result="miss" 2',
    'level="source",result="hit" 1',
    'level="source",result="negative" 1',
  ]);
});
