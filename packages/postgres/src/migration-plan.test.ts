import { expect, test } from 'vitest';

import { planMigrations } from './migration-plan.ts';

const first = { number: 1, name: '000001-a.sql', sql: '', checksum: 'aa' };
const second = { number: 2, name: '000002-b.sql', sql: '', checksum: 'bb' };
const third = { number: 3, name: '000003-c.sql', sql: '', checksum: 'cc' };

test('an empty database gets everything, a current one nothing', () => {
  expect(planMigrations([first, second], [])).toEqual({ pending: [first, second], unknownNewer: [] });
  expect(planMigrations([first, second], [first, second])).toEqual({ pending: [], unknownNewer: [] });
});

test('a database ahead of the code is left alone', () => {
  expect(planMigrations([first], [first, second, third])).toEqual({ pending: [], unknownNewer: [second, third] });
  expect(planMigrations([], [first])).toEqual({ pending: [], unknownNewer: [first] });
});

test('a changed, a renamed and a missing file are refused by name', () => {
  expect(() => planMigrations([{ ...first, checksum: 'zz' }], [first])).toThrow(
    /000001-a\.sql was changed after it was applied/,
  );
  expect(() => planMigrations([{ ...first, name: '000001-z.sql' }], [first])).toThrow(
    /000001-a\.sql .* is now called 000001-z\.sql/,
  );
  expect(() => planMigrations([second], [first, second])).toThrow(/000001-a\.sql is applied but its file is missing/);
});

test('a new file before an applied one is refused, also when the database is ahead', () => {
  expect(() => planMigrations([first, second, third], [first, third])).toThrow(/000002-b\.sql comes before number 3/);
  expect(() => planMigrations([first, second], [first, third])).toThrow(/000002-b\.sql comes before number 3/);
});
