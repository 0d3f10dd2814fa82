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
