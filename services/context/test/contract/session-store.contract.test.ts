import { fakeClock } from '@gantry/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import type { SessionStore } from '../../src/domain/ports.ts';
import {
  ENTRY_CONTENT_BYTES_MAX,
  SESSION_CONTENT_BYTES_MAX,
  SESSION_ENTRIES_MAX,
  SESSION_IDLE_MS,
  type SessionEntry,
} from '../../src/domain/session.ts';
import { MemorySessionStore } from '../../src/store/memory-session-store.ts';
import { PgSessionStore } from '../../src/store/pg-session-store.ts';
import { openDatabase } from './open-stores.ts';

const database = await openDatabase();
afterAll(() => database[Symbol.asyncDispose]());

/** Few enough to be made one by one. */
const SESSIONS_MAX = 20;

const entry = (entryId: string, content = `text of ${entryId}`): SessionEntry => ({ entryId, role: 'user', content });
const entries = (count: number, prefix = 'e') =>
  Array.from({ length: count }, (_, index) => entry(`${prefix}${index}`));

let users = 0;
const newSession = () => ({ tenantId: 't', userId: `user-${(users += 1)}`, sessionId: 's' });

describe.each<[string, SessionStore]>([
  ['in memory', new MemorySessionStore({ sessionsPerUserMax: SESSIONS_MAX })],
  ['in PostgreSQL', new PgSessionStore(database.pool, { sessionsPerUserMax: SESSIONS_MAX })],
])('a session store %s', (_name, store) => {
  const clock = fakeClock();
  const idsOf = async (session: ReturnType<typeof newSession>) =>
    (await store.read(session, clock.now())).entries.map(({ entryId }) => entryId);

  test('keeps entries in their order, with when they were appended', async () => {
    const session = newSession();
    expect(await store.read(session, clock.now())).toEqual({ entries: [], contentBytes: 0 });
    await store.append(session, [entry('b', 'ü'), entry('a', 'y')], clock.now());
    clock.advance(1_000);
    const appended = await store.append(session, [{ entryId: 'c', role: 'tool', content: '' }], clock.now());
    expect(appended).toEqual({ entryCount: 3, contentBytes: 3, trimmedCount: 0 });
    const window = await store.read(session, clock.now());
    expect(window.contentBytes).toBe(3);
    expect(window.entries).toEqual([
      { ...entry('b', 'ü'), appendedAtMs: clock.now() - 1_000 },
      { ...entry('a', 'y'), appendedAtMs: clock.now() - 1_000 },
      { entryId: 'c', role: 'tool', content: '', appendedAtMs: clock.now() },
    ]);
  });

  test('does not append an entry again', async () => {
    const session = newSession();
    await store.append(session, [entry('a', 'first'), entry('a', 'again')], clock.now());
    await store.append(session, [entry('a', 'once more'), entry('b')], clock.now());
    expect((await store.read(session, clock.now())).entries.map(({ content }) => content)).toEqual([
      'first',
      'text of b',
    ]);
  });

  test('trims the oldest entries beyond the most it may have', async () => {
    const session = newSession();
    for (const prefix of ['a', 'b']) await store.append(session, entries(SESSION_ENTRIES_MAX / 2, prefix), clock.now());
    const appended = await store.append(session, entries(3, 'c'), clock.now());
    expect(appended).toMatchObject({ entryCount: SESSION_ENTRIES_MAX, trimmedCount: 3 });
    expect((await idsOf(session)).slice(0, 2)).toEqual(['a3', 'a4']);
    expect((await idsOf(session)).at(-1)).toBe('c2');
  });

  test('trims the oldest entries beyond the most bytes it may hold', async () => {
    const session = newSession();
    const full = 'x'.repeat(ENTRY_CONTENT_BYTES_MAX);
    await store.append(
      session,
      [1, 2, 3, 4].map((number) => entry(`f${number}`, full)),
      clock.now(),
    );
    const appended = await store.append(session, [entry('last', 'y')], clock.now());
    expect(appended).toEqual({
      entryCount: 4,
      contentBytes: SESSION_CONTENT_BYTES_MAX - full.length + 1,
      trimmedCount: 1,
    });
    expect(await idsOf(session)).toEqual(['f2', 'f3', 'f4', 'last']);
  });

  test('belongs to its user: the same id of another user or tenant is another session', async () => {
    const mine = newSession();
    await store.append(mine, [entry('a')], clock.now());
    expect(await idsOf({ ...mine, userId: `${mine.userId}-other` })).toEqual([]);
    expect(await idsOf({ ...mine, tenantId: 'other' })).toEqual([]);
    await store.delete({ ...mine, tenantId: 'other' });
    expect(await idsOf(mine)).toEqual(['a']);
    await store.delete(mine);
    await store.delete(mine);
    expect(await idsOf(mine)).toEqual([]);
  });

  test('ends after a day without an append; the next append starts a new window', async () => {
    const session = newSession();
    await store.append(session, [entry('old')], clock.now());
    clock.advance(SESSION_IDLE_MS);
    expect(await idsOf(session)).toEqual(['old']);
    clock.advance(1);
    expect(await idsOf(session)).toEqual([]);
    expect(await store.append(session, [entry('new')], clock.now())).toMatchObject({ entryCount: 1, trimmedCount: 0 });
    expect(await idsOf(session)).toEqual(['new']);
  });

  test('purges idle sessions, as many as asked', async () => {
    clock.advance(2 * SESSION_IDLE_MS);
    await store.purge(clock.now(), 10_000);
    const sessions = [newSession(), newSession(), newSession()];
    for (const session of sessions) await store.append(session, [entry('a')], clock.now());
    expect(await store.purge(clock.now(), 10)).toBe(0);
    clock.advance(SESSION_IDLE_MS + 1);
    expect(await store.purge(clock.now(), 2)).toBe(2);
    expect(await store.purge(clock.now(), 2)).toBe(1);
  });

  test('drops the session that was not written to for longest when a user has too many', async () => {
    const session = newSession();
    for (let index = 0; index < SESSIONS_MAX; index += 1) {
      clock.advance(1);
      await store.append({ ...session, sessionId: `s${index}` }, [entry('a')], clock.now());
    }
    clock.advance(1);
    await store.append({ ...session, sessionId: 's0' }, [entry('b')], clock.now());
    clock.advance(1);
    await store.append({ ...session, sessionId: 'one more' }, [entry('a')], clock.now());
    expect(await idsOf({ ...session, sessionId: 's1' })).toEqual([]);
    for (const sessionId of ['s0', 's2', 'one more']) expect(await idsOf({ ...session, sessionId })).toContain('a');
  });

  test('takes appends at the same time one after the other', async () => {
    const session = newSession();
    const batches = Array.from({ length: 10 }, (_, index) => entries(5, `w${index}-`));
    await Promise.all(batches.map((batch) => store.append(session, batch, clock.now())));
    const ids = await idsOf(session);
    expect(ids).toHaveLength(50);
    for (const batch of batches) {
      const positions = batch.map(({ entryId }) => ids.indexOf(entryId));
      expect(positions).toEqual(positions.map((_, index) => (positions[0] ?? 0) + index));
    }
  });
});
