import { expect, test } from 'vitest';

import { createRandomIds } from './random-ids.ts';

test('identifiers are lower-case hexadecimal and stay unique past the end of the pool', () => {
  const ids = createRandomIds();
  const traceIds = Array.from({ length: 1_000 }, () => ids.traceId());
  const spanIds = Array.from({ length: 1_000 }, () => ids.spanId());
  expect(traceIds.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  expect(spanIds.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
  expect(new Set([...traceIds, ...spanIds]).size).toBe(2_000);
});

test('draws of both kinds in turn stay unique and of full length', () => {
  const ids = createRandomIds();
  const drawn = Array.from({ length: 3_000 }, (_, index) => (index % 3 === 0 ? ids.traceId() : ids.spanId()));
  expect(drawn.every((id, index) => id.length === (index % 3 === 0 ? 32 : 16))).toBe(true);
  expect(new Set(drawn.map((id) => id.slice(0, 16))).size).toBe(3_000);
});

test('identifiers of zeros only are not given out, even by a source that makes them', () => {
  let draws = 0;
  const ids = createRandomIds((bytes) => {
    bytes.fill(draws);
    draws += 1;
  });
  expect(ids.spanId()).toBe('01'.repeat(8));
  expect(ids.traceId()).toBe('01'.repeat(16));
});
