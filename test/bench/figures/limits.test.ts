import { expect, test } from 'vitest';

import { isContenderName } from '../contender-names.ts';
import { compareLimits, LIMITS } from './limits.ts';

const limit = { name: 'a', reference: 'raw-http', atLeast: 0.5 };
const measured = (median: number) => ({ 'raw-http': { a: { median, min: 0, max: 9 } } });

test('a limit is reached by its median, exactly or above', () => {
  expect(compareLimits(measured(0.5), [limit])).toEqual([{ ...limit, ratio: 0.5, isReached: true }]);
  expect(compareLimits(measured(0.499), [limit])).toEqual([{ ...limit, ratio: 0.499, isReached: false }]);
});

test('what was not measured is not reached', () => {
  expect(compareLimits({}, [limit])).toEqual([{ ...limit, ratio: undefined, isReached: false }]);
});

test('every limit is about names that there are', () => {
  const names = LIMITS.flatMap(({ name, reference }) => [name, reference]);
  expect(names.filter((name) => !isContenderName(name))).toEqual([]);
});
