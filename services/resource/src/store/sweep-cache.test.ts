import { silentLogger } from '@gantry/testkit';
import { expect, test } from 'vitest';

import { SWEEP_ROWS_MAX, sweepCache } from './sweep-cache.ts';

test('a sweep that was full is followed by another at once, a failed one by the next in time', async () => {
  const outcomes = [SWEEP_ROWS_MAX, SWEEP_ROWS_MAX, new Error('lost'), 3];
  const limits: number[] = [];
  const store = {
    deleteExpired: async (limit: number) => {
      limits.push(limit);
      const outcome = outcomes[limits.length - 1] ?? 0;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
  const sweep = sweepCache({ store, logger: silentLogger(), intervalMs: 1 });
  await expect.poll(() => limits.length).toBeGreaterThan(4);
  sweep[Symbol.dispose]();
  expect(new Set(limits)).toEqual(new Set([SWEEP_ROWS_MAX]));
});
