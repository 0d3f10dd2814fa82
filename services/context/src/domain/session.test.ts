import { expect, test } from 'vitest';

import { PURGE_BATCH_MAX, PURGE_BATCHES_MAX, purgeSessions } from './purge-sessions.ts';
import { keptCount, SESSION_CONTENT_BYTES_MAX, SESSION_ENTRIES_MAX } from './session.ts';

test('a window keeps as many entries as it may have', () => {
  expect(keptCount([])).toBe(0);
  expect(keptCount(Array.from({ length: SESSION_ENTRIES_MAX }, () => 1))).toBe(SESSION_ENTRIES_MAX);
  expect(keptCount(Array.from({ length: SESSION_ENTRIES_MAX + 5 }, () => 1))).toBe(SESSION_ENTRIES_MAX);
});

test('a window keeps as many bytes as it may have, the newest', () => {
  const half = SESSION_CONTENT_BYTES_MAX / 2;
  expect(keptCount([1, half, half])).toBe(2);
  expect(keptCount([half, half])).toBe(2);
  // A small entry before one that is dropped is dropped too: a window has no holes.
  expect(keptCount([1, half + 1, half])).toBe(1);
});

test('a purge goes on while there is more, within its limit', async () => {
  const counts = [PURGE_BATCH_MAX, PURGE_BATCH_MAX, 3];
  const store = { purge: () => Promise.resolve(counts.shift() ?? 0) };
  const { signal } = new AbortController();
  expect(await purgeSessions(store, 0, signal)).toBe(2 * PURGE_BATCH_MAX + 3);
  const endless = { purge: () => Promise.resolve(PURGE_BATCH_MAX) };
  expect(await purgeSessions(endless, 0, signal)).toBe(PURGE_BATCH_MAX * PURGE_BATCHES_MAX);
  expect(await purgeSessions(endless, 0, AbortSignal.abort())).toBe(0);
});
