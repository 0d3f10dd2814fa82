import fc from 'fast-check';
import { expect, test } from 'vitest';

import { CallTable } from './call-table.ts';

interface Call {
  readonly id: number;
}

test('holds what a Map would, whatever comes and goes', () => {
  // Ids that share a slot of every size the table gets to, and such that do not.
  const id = fc.oneof(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 50 }).map((n) => n * 4_096 + 3),
  );
  const step = fc.record({ id, isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const table = new CallTable<Call>();
      const expected = new Map<number, Call>();
      for (const { id: callId, isAdded } of steps) {
        const known = expected.get(callId);
        if (isAdded && known === undefined) {
          const call = { id: callId };
          expected.set(callId, call);
          table.add(call);
        } else if (!isAdded && known !== undefined) {
          expected.delete(callId);
          expect(table.delete(known)).toBe(true);
        }
        expect(table.get(callId)).toBe(expected.get(callId));
      }
      expect(table.size).toBe(expected.size);
      expect(new Set(table)).toEqual(new Set(expected.values()));
      for (const [callId, call] of expected) expect(table.get(callId)).toBe(call);
    }),
  );
});

test('does not remove another call of the same id', () => {
  const table = new CallTable<Call>();
  const call = { id: 7 };
  table.add(call);
  expect(table.delete({ id: 7 })).toBe(false);
  expect(table.delete({ id: 8 })).toBe(false);
  expect(table.get(7)).toBe(call);
});

test('may be changed while it is walked through', () => {
  const table = new CallTable<Call>();
  for (let id = 1; id <= 100; id += 1) table.add({ id });
  for (const call of table) table.delete(call);
  expect(table.size).toBe(0);
  expect([...table]).toEqual([]);
});
