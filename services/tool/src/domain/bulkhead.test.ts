import { expect, test } from 'vitest';

import { createBulkhead } from './bulkhead.ts';

test('a tool has as many slots as it was given, and not one more', () => {
  const bulkhead = createBulkhead(3);
  const leaves = [1, 2, 3].map(() => bulkhead.enter('echo'));
  expect(leaves.every((leave) => leave !== undefined)).toBe(true);
  expect(bulkhead.running('echo')).toBe(3);
  expect(bulkhead.enter('echo')).toBeUndefined();
  expect(bulkhead.running('echo')).toBe(3);
});

test('a slot that is given back is free again', () => {
  const bulkhead = createBulkhead(1);
  bulkhead.enter('echo')?.();
  expect(bulkhead.running('echo')).toBe(0);
  expect(bulkhead.enter('echo')).toBeDefined();
});

test('giving a slot back twice frees one slot', () => {
  const bulkhead = createBulkhead(2);
  const leave = bulkhead.enter('echo');
  bulkhead.enter('echo');
  leave?.();
  leave?.();
  expect(bulkhead.running('echo')).toBe(1);
});

test('tools do not share slots', () => {
  const bulkhead = createBulkhead(1);
  bulkhead.enter('slow');
  expect(bulkhead.enter('echo')).toBeDefined();
});
