import { expect, test } from 'vitest';

import { clientLaneLimits, CONNECTION_AGE_MS } from './lane-limits.ts';

test('a lane is replaced, and what was left on it has had its time, before the server closes its connection', () => {
  const { ageMinMs, ageJitterMs, leaveMaxMs } = clientLaneLimits;
  expect(ageMinMs + ageJitterMs + leaveMaxMs).toBeLessThanOrEqual(0.9 * CONNECTION_AGE_MS);
});
