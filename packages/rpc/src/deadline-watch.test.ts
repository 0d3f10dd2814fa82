import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { DeadlineWatch, type Due } from './deadline-watch.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 }));
afterEach(() => void vi.useRealTimers());

class Recorded implements Due {
  slot = -1;
  endedAtMs: number | undefined;
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
  }

  timeUp(): void {
    if (this.endedAtMs !== undefined) throw new Error('ended twice');
    this.endedAtMs = Date.now();
  }
}

test('each ends at its own deadline, whatever came before it', () => {
  const watch = new DeadlineWatch();
  const all = [50, 20, 80, 20].map((deadlineMs) => new Recorded(deadlineMs));
  for (const due of all) watch.add(due);
  vi.advanceTimersByTime(100);
  expect(all.map(({ endedAtMs }) => endedAtMs)).toEqual([50, 20, 80, 20]);
});

test('what has left is not ended, and leaving twice takes nobody else out', () => {
  const watch = new DeadlineWatch();
  const [gone, stays] = [new Recorded(20), new Recorded(20)];
  watch.add(gone);
  watch.add(stays);
  watch.delete(gone);
  watch.delete(gone);
  vi.advanceTimersByTime(20);
  expect([gone.endedAtMs, stays.endedAtMs]).toEqual([undefined, 20]);
});

test('a deadline that has passed ends soon', () => {
  vi.advanceTimersByTime(1_000);
  const watch = new DeadlineWatch();
  const late = new Recorded(10);
  watch.add(late);
  vi.advanceTimersByTime(1);
  expect(late.endedAtMs).toBe(1_001);
});

test('a deadline beyond what timers can count is waited for', () => {
  const watch = new DeadlineWatch();
  const far = new Recorded(2 ** 32);
  watch.add(far);
  vi.advanceTimersByTime(2 ** 32 - 1);
  expect(far.endedAtMs).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(far.endedAtMs).toBe(2 ** 32);
});

test('one that ends may take out another whose time is up too', () => {
  const watch = new DeadlineWatch();
  const other = new Recorded(10);
  watch.add({ deadlineMs: 10, slot: -1, timeUp: () => watch.delete(other) });
  watch.add(other);
  vi.advanceTimersByTime(20);
  expect(other.endedAtMs).toBeUndefined();
});

test('one that ends may add and take out others', () => {
  const watch = new DeadlineWatch();
  const other = new Recorded(10);
  const added = new Recorded(30);
  const first: Due = {
    deadlineMs: 10,
    slot: -1,
    timeUp: () => {
      watch.delete(other);
      watch.add(added);
    },
  };
  watch.add(first);
  watch.add(other);
  vi.advanceTimersByTime(40);
  expect(added.endedAtMs).toBe(30);
});

test('nobody is ended when it is closed', () => {
  const watch = new DeadlineWatch();
  const due = new Recorded(10);
  watch.add(due);
  watch.close();
  vi.advanceTimersByTime(20);
  expect(due.endedAtMs).toBeUndefined();
});

test('whatever comes and leaves, those that stay are ended at their deadlines and the others never', () => {
  const plans = fc.array(fc.record({ atMs: fc.nat(50), lastsMs: fc.nat(100), leavesMs: fc.option(fc.nat(100)) }));
  fc.assert(
    fc.property(plans, (given) => {
      vi.setSystemTime(0);
      const watch = new DeadlineWatch();
      const calls = given.map(({ atMs, lastsMs, leavesMs }) => ({
        atMs,
        due: new Recorded(atMs + lastsMs),
        leavesAtMs: leavesMs === null ? Infinity : atMs + leavesMs,
      }));
      for (let nowMs = 0; nowMs <= 300; nowMs += 1) {
        for (const { due, leavesAtMs } of calls) if (leavesAtMs === nowMs) watch.delete(due);
        for (const { due, atMs, leavesAtMs } of calls) if (atMs === nowMs && leavesAtMs > nowMs) watch.add(due);
        vi.advanceTimersByTime(1);
      }
      for (const { due, atMs, leavesAtMs } of calls) {
        const endsAtMs = Math.max(due.deadlineMs, atMs + 1);
        expect(due.endedAtMs).toBe(leavesAtMs < endsAtMs ? undefined : endsAtMs);
      }
    }),
    { numRuns: 50 },
  );
});
