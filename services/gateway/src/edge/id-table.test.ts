import fc from 'fast-check';
import { expect, test } from 'vitest';

import { IdTable } from './id-table.ts';

/** Ids with the same last characters, which share a chain however many there are. */
const alike = fc.nat({ max: 30 }).map((count) => `"${count}-${'x'.repeat(40)}"`);
const idText = fc.oneof(fc.nat({ max: 200 }).map(String), alike, fc.string({ maxLength: 2 }), fc.constant(''));

test('holds what a Map would, whatever comes and goes', () => {
  const step = fc.record({ idText, isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const table = new IdTable<object>();
      const expected = new Map<string, object>();
      for (const { idText: id, isAdded } of steps) {
        if (!isAdded) {
          table.delete(id);
          expected.delete(id);
        } else if (!expected.has(id)) {
          const value = { id };
          table.add(id, value);
          expected.set(id, value);
        }
        expect(table.get(id)).toBe(expected.get(id));
      }
      for (const [id, value] of expected) expect(table.get(id)).toBe(value);
      expect(new Set(table.values())).toEqual(new Set(expected.values()));
    }),
  );
});

test('may be changed while what is in it is walked through', () => {
  const table = new IdTable<string>();
  for (let count = 0; count < 100; count += 1) table.add(`${count}`, `${count}`);
  for (const value of table.values()) table.delete(value);
  expect(table.values()).toEqual([]);
});
