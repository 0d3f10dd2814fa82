import { expect, test } from 'vitest';

import { OpenLoopRecord } from './open-loop-record.ts';

function recordOf(...windows: readonly (readonly number[])[]): OpenLoopRecord {
  const record = new OpenLoopRecord(3);
  for (const latencies of windows) {
    const window = record.beginWindow();
    for (const ms of latencies) {
      window.left(ms / 10);
      window.answered(ms, undefined);
    }
  }
  return record;
}

test('each window has percentiles of its own, and all have some together', () => {
  const { windows, ...all } = recordOf([1, 1, 1], [1, 1, 50]).result(0.5);
  expect(windows.map(({ p50Ms, p99Ms, lateP99Ms }) => [p50Ms, p99Ms, lateP99Ms].map(Math.round))).toEqual([
    [1, 1, 0],
    [1, 50, 5],
  ]);
  expect(all).toMatchObject({ requests: 6, errors: 0, seconds: 1, maxMs: 50 });
});

test('what was answered wrongly, or not at all, is an error and has no latency', () => {
  const record = recordOf([1, 2]);
  expect(record.result(1)).toMatchObject({ requests: 2, errors: 1 });
  record.beginWindow().answered(99, new Error('a wrong answer'));
  expect(record.result(1)).toMatchObject({ requests: 2, errors: 4, maxMs: 2 });
});
