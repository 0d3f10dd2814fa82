import { AppError } from '@gantry/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ejectOutliers, LaneHealth } from '../../src/lane/lane-outliers.ts';

const noAnswer = new AppError({ code: 'INTERNAL', reason: 'INTERNAL_FROM_PEER', message: 'failed' });
const timeUp = new AppError({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_EXCEEDED', message: 'late' });
const answer = new AppError({ code: 'INTERNAL', reason: 'INTERNAL', message: 'a bug', domain: 'tool' });
const refused = new AppError({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', message: 'no such tool' });

function lanesWith(...counts: readonly { readonly failed: number; readonly ok: number; readonly error?: AppError }[]) {
  return counts.map(({ failed, ok, error = noAnswer }) => {
    const lane = new LaneHealth();
    record(lane, failed, error);
    record(lane, ok, undefined);
    return lane;
  });
}

function record(lane: LaneHealth, calls: number, error: AppError | undefined): void {
  for (let call = 0; call < calls; call += 1) lane.record(error);
}

const ejectedAt = (lanes: readonly LaneHealth[], nowMs: number) => lanes.map((lane) => lane.isEjected(nowMs));

test.each([
  ['nearly all of whose calls get no answer', { failed: 18, ok: 2 }, true],
  ['whose calls end by their deadlines', { failed: 20, ok: 0, error: timeUp }, true],
  ['that does more than a tenth well', { failed: 17, ok: 3 }, false],
  ['with few calls', { failed: 19, ok: 0 }, false],
  ['whose service answers with errors', { failed: 100, ok: 0, error: answer }, false],
  ['whose callers are at fault', { failed: 100, ok: 0, error: refused }, false],
])('beside another lane, one %s is left out or not: %o, %s', (_, counts, isLeftOut) => {
  const lanes = lanesWith(counts, { failed: 0, ok: 5 });
  expect(ejectOutliers(lanes, 1_000)).toBe(isLeftOut ? 1 : 0);
  expect(ejectedAt(lanes, 1_000)).toEqual([isLeftOut, false]);
});

test('the only lane is never left out', () => {
  const lanes = lanesWith({ failed: 100, ok: 0 });
  expect(ejectOutliers(lanes, 0)).toBe(0);
});

test('it is left out for 5 s, then 10 s, at most a minute, and less again after good intervals', () => {
  const [lane = new LaneHealth(), other = new LaneHealth()] = lanesWith({ failed: 0, ok: 0 }, { failed: 0, ok: 0 });
  let nowMs = 1_000;
  const ejectFor = () => {
    record(lane, 20, noAnswer);
    expect(ejectOutliers([lane, other], nowMs)).toBe(1);
    const startMs = nowMs;
    while (lane.isEjected(nowMs)) nowMs += 100;
    return nowMs - startMs;
  };
  expect([ejectFor(), ejectFor(), ejectFor()]).toEqual([5_000, 10_000, 15_000]);
  for (let interval = 0; interval < 2; interval += 1) ejectOutliers([lane, other], nowMs);
  expect(ejectFor()).toBe(10_000);
  for (let time = 0; time < 20; time += 1) ejectFor();
  expect(ejectFor()).toBe(60_000);
});

test('what happened while it was left out does not count twice, and it is not left out again before it is back', () => {
  const lanes = lanesWith({ failed: 20, ok: 0 }, { failed: 0, ok: 0 });
  ejectOutliers(lanes, 0);
  record(lanes[0] ?? new LaneHealth(), 50, noAnswer);
  expect(ejectOutliers(lanes, 2_000)).toBe(0);
  expect(ejectOutliers(lanes, 6_000)).toBe(0);
  expect(ejectedAt(lanes, 6_000)).toEqual([false, false]);
});

test('however many fail, at most half are left out', () => {
  const failing = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(failing, (intervals) => {
      const lanes = Array.from({ length: intervals[0]?.length ?? 1 }, () => new LaneHealth());
      for (const [interval, fails] of intervals.entries()) {
        for (const [index, lane] of lanes.entries()) record(lane, 20, fails[index] === true ? noAnswer : undefined);
        const nowMs = interval * 2_000;
        ejectOutliers(lanes, nowMs);
        expect(ejectedAt(lanes, nowMs).filter(Boolean).length).toBeLessThanOrEqual(lanes.length / 2);
      }
    }),
  );
});
