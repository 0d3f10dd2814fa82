import { fakeClock } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { sampleTool } from '../../test/sample-tool.ts';
import { createCachedTools, FRESH_MS, TENANTS_MAX } from './cached-tools.ts';
import type { CatalogEntry } from './ports.ts';

const one = [{ definition: sampleTool({ name: 'one' }).definition, isEnabled: true }];
const two = [{ definition: sampleTool({ name: 'two' }).definition, isEnabled: true }];

/** A cache before a store that answers what the test says. */
function cacheWith(answer: (tenantId: string, load: number) => Promise<readonly CatalogEntry[]>, loadWaitMs = 60_000) {
  const clock = fakeClock();
  const loads: string[] = [];
  const stale: unknown[] = [];
  const loadTools = createCachedTools({
    store: {
      loadTools: (tenantId) => {
        loads.push(tenantId);
        return answer(tenantId, loads.length);
      },
    },
    now: () => clock.now(),
    onStale: (error) => stale.push(error),
    loadWaitMs,
  });
  return { clock, loads, stale, loadTools };
}

const outage = new Error('the database is gone');

test('calls that come together share one load', async () => {
  const gate = Promise.withResolvers<readonly CatalogEntry[]>();
  const { loads, loadTools } = cacheWith(() => gate.promise);
  const calls = [1, 2, 3].map(() => loadTools('t'));
  gate.resolve(one);
  expect(await Promise.all(calls)).toEqual([one, one, one]);
  expect(loads).toEqual(['t']);
});

test('what was loaded is fresh for two seconds, and then loaded again', async () => {
  const { clock, loads, loadTools } = cacheWith(async (_tenant, load) => (load === 1 ? one : two));
  expect(await loadTools('t')).toBe(one);
  clock.advance(FRESH_MS - 1);
  expect(await loadTools('t')).toBe(one);
  clock.advance(1);
  expect(await loadTools('t')).toBe(two);
  expect(loads).toHaveLength(2);
});

test('a load that takes longer than two seconds is not begun a second time', async () => {
  const gate = Promise.withResolvers<readonly CatalogEntry[]>();
  const { clock, loads, loadTools } = cacheWith(() => gate.promise);
  const first = loadTools('t');
  clock.advance(FRESH_MS);
  const second = loadTools('t');
  gate.resolve(one);
  expect(await Promise.all([first, second])).toEqual([one, one]);
  expect(loads).toHaveLength(1);
});

test('tenants do not share entries', async () => {
  const { loadTools } = cacheWith(async (tenantId) => (tenantId === 'a' ? one : two));
  expect(await loadTools('a')).toBe(one);
  expect(await loadTools('b')).toBe(two);
  expect(await loadTools('a')).toBe(one);
});

test('while the store fails the last entries are served, the store is asked once in two seconds, and it is told', async () => {
  const { clock, loads, stale, loadTools } = cacheWith(async (_tenant, load) => {
    if (load === 2 || load === 3) throw outage;
    return load === 1 ? one : two;
  });
  await loadTools('t');
  for (const failures of [1, 2]) {
    clock.advance(FRESH_MS);
    expect(await loadTools('t')).toBe(one);
    expect(await loadTools('t')).toBe(one);
    expect(loads).toHaveLength(1 + failures);
    expect(stale).toHaveLength(failures);
  }
  expect(stale).toEqual([outage, outage]);
  clock.advance(FRESH_MS);
  expect(await loadTools('t')).toBe(two);
});

test('while the store hangs the last entries are served, and the late answer from when it comes', async () => {
  const late = Promise.withResolvers<readonly CatalogEntry[]>();
  const { clock, loads, stale, loadTools } = cacheWith((_tenant, load) => {
    return load === 1 ? Promise.resolve(one) : late.promise;
  }, 1);
  await loadTools('t');
  clock.advance(FRESH_MS);
  expect(await loadTools('t')).toBe(one);
  clock.advance(FRESH_MS);
  expect(await loadTools('t')).toBe(one);
  expect(loads).toHaveLength(2);
  late.resolve(two);
  await expect.poll(() => loadTools('t')).toBe(two);
  expect(stale).toEqual([]);
});

test('without old entries a failure rises, and the next call tries again', async () => {
  const { stale, loadTools } = cacheWith(async (_tenant, load) => {
    if (load === 1) throw outage;
    return one;
  });
  await expect(loadTools('t')).rejects.toBe(outage);
  expect(await loadTools('t')).toBe(one);
  expect(stale).toEqual([]);
});

test('a thousand tenants are kept; the least recently used goes when another comes', async () => {
  const { loads, loadTools } = cacheWith(async () => one);
  for (let tenant = 0; tenant < TENANTS_MAX; tenant += 1) await loadTools(`t${tenant}`);
  await loadTools('t0');
  expect(loads).toHaveLength(TENANTS_MAX);
  await loadTools('another');
  await loadTools('t0');
  expect(loads).toHaveLength(TENANTS_MAX + 1);
  await loadTools('t1');
  expect(loads).toHaveLength(TENANTS_MAX + 2);
});
