import { setImmediate as turn } from 'node:timers/promises';

import { AppError } from '@gantry/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { auditWorld, recorded } from '../../test/audit-world.ts';
import { COMPANY_EVENTS_MIN } from './audit-sender.ts';

const away = new AppError({ code: 'UNAVAILABLE', reason: 'SERVICE_UNAVAILABLE', message: 'auth is away' });
const unavailable = { code: 'UNAVAILABLE', reason: 'AUDIT_UNAVAILABLE', metadata: { mayHaveRun: 'true' } };

/** Tells whether a promise has settled by the end of this turn. */
async function isSettled(promise: Promise<unknown> | undefined): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, turn(pending)])) !== pending;
}

describe('the audit spool in strict mode', () => {
  test('says that an event is durable when auth says so, and not before', async () => {
    const { spool, held, hold } = auditWorld('strict');
    hold(true);
    const durable = spool.record(recorded(1));
    await expect.poll(() => held.length).toBe(1);
    expect(await isSettled(durable)).toBe(false);
    held[0]?.answer();
    expect(await durable).toBeUndefined();
    expect(spool.length).toBe(0);
  });

  test('sends what came in one turn together, at the end of it', async () => {
    const { spool, batches } = auditWorld('strict');
    const waits = [1, 2, 3].map((id) => spool.record(recorded(id)));
    expect(new Set(waits).size).toBe(1);
    await waits[0];
    expect(batches).toEqual([['1', '2', '3']]);
  });

  test('sends what comes while an append is in flight with the next one', async () => {
    const { spool, held, hold, batches } = auditWorld('strict');
    hold(true);
    const first = spool.record(recorded('first'));
    await expect.poll(() => held.length).toBe(1);
    const others: (Promise<unknown> | undefined)[] = [];
    for (let id = 1; id < COMPANY_EVENTS_MIN; id += 1) {
      others.push(spool.record(recorded(id)));
      await turn();
    }
    expect(held).toHaveLength(1);
    hold(false);
    held[0]?.answer();
    await Promise.all([first, ...others]);
    expect(batches.map(({ length }) => length)).toEqual([1, COMPANY_EVENTS_MIN - 1]);
  });

  test('sends a second append once it has enough to carry', async () => {
    const { spool, held, hold } = auditWorld('strict');
    hold(true);
    void spool.record(recorded('first'));
    await expect.poll(() => held.length).toBe(1);
    for (let id = 0; id < COMPANY_EVENTS_MIN; id += 1) void spool.record(recorded(id));
    await expect.poll(() => held.length).toBe(2);
    expect(held[1]?.requestIds).toHaveLength(COMPANY_EVENTS_MIN);
    for (const append of held) append.answer();
  });

  test('refuses while auth does not take events, and no longer', async () => {
    const { spool, fail } = auditWorld('strict');
    expect(spool.isRefusing).toBe(false);
    fail(away);
    const durable = spool.record(recorded(1));
    await expect.poll(() => spool.isRefusing).toBe(true);
    expect(await isSettled(durable)).toBe(false);
    fail(undefined);
    expect(await durable).toBeUndefined();
    expect(spool.isRefusing).toBe(false);
  });

  test('says within a bound that an event is not durable, refuses, and goes on trying', async () => {
    const { spool, held, hold, batches } = auditWorld('strict', { durableWithinMs: 20 });
    hold(true);
    const durable = spool.record(recorded(1));
    expect(await durable).toMatchObject(unavailable);
    expect(spool.isRefusing).toBe(true);
    held[0]?.answer();
    await expect.poll(() => spool.isRefusing).toBe(false);
    expect(batches).toEqual([['1']]);
  });

  test('says that an event is not durable when auth refuses it for good', async () => {
    const { spool, fail, dropped } = auditWorld('strict');
    fail(new AppError({ code: 'INVALID_ARGUMENT', reason: 'REQUEST_INVALID', message: 'the event is not valid' }));
    expect(await spool.record(recorded(1))).toMatchObject(unavailable);
    expect(spool.isRefusing).toBe(false);
    expect(await dropped()).toEqual({ executed: 1 });
  });

  test('gathers refusals as ever: nobody waits for them', async () => {
    const { spool, stored } = auditWorld('strict');
    for (let count = 0; count < 100; count += 1) {
      spool.refuse(recorded(count, { reason: 'CREDENTIAL_MISSING' }), 1);
      await turn();
    }
    await expect.poll(() => stored.map(({ target }) => target)).toEqual(['100 requests']);
  });
});

describe('whatever fails on the way', () => {
  /** What auth does with an append: takes it, fails before it is stored, or stores it and loses the answer. */
  const deeds = fc.infiniteStream(fc.constantFrom('take', 'fail', 'lose the answer'));

  test('no event that was said to be durable is missing, and none is stored twice', async () => {
    const mode = fc.constantFrom('async' as const, 'strict' as const);
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(mode, sizes, deeds, async (chosen, turns, stream) => {
        const stored = new Map<string, string>();
        const { spool, flush } = auditWorld(chosen, {
          onAppend(events) {
            const deed = stream.next().value;
            if (deed === 'fail') throw away;
            for (const { eventId, requestId } of events) stored.set(eventId, requestId);
            if (deed === 'lose the answer') throw away;
          },
        });
        const said: Promise<void>[] = [];
        let id = 0;
        for (const size of turns) {
          for (let count = 0; count < size; count += 1) {
            const requestId = String(id);
            const durable = spool.record(recorded(requestId));
            const check = async () => {
              if (durable === undefined || (await durable) !== undefined) return;
              expect([...stored.values()]).toContain(requestId);
            };
            said.push(check());
            id += 1;
          }
          await turn();
        }
        await flush();
        await Promise.all(said);
        const expected = Array.from({ length: id }, (_, index) => String(index));
        expect([...stored.values()].toSorted()).toEqual(expected.toSorted());
        await spool[Symbol.asyncDispose]();
      }),
      { numRuns: 30 },
    );
  });
});
