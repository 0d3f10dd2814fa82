import fc from 'fast-check';
import { expect, test } from 'vitest';

import { RollingWindow } from './rolling-window.ts';

const START_MS = 1_790_000_000_000;
const options = { windowMs: 1_000, slots: 10 };

test('what is counted leaves the window with its slot', () => {
  const window = new RollingWindow(START_MS, options);
  window.countCall(START_MS);
  window.countFailure(START_MS + 99);
  window.countCall(START_MS + 999);
  expect([window.calls, window.failures]).toEqual([2, 1]);

  window.countCall(START_MS + 1_000);
  expect([window.calls, window.failures]).toEqual([2, 0]);
});

test('an empty window has forgotten everything', () => {
  const window = new RollingWindow(START_MS, options);
  window.countCall(START_MS);
  window.countFailure(START_MS);
  window.clear();
  expect([window.calls, window.failures]).toEqual([0, 0]);
});

test('a clock that is set back loses nothing and keeps nothing for ever', () => {
  const window = new RollingWindow(START_MS, options);
  window.countCall(START_MS);
  window.countCall(START_MS - 3_600_000);
  expect(window.calls).toBe(2);
  window.countCall(START_MS - 3_600_000 + 1_000);
  expect(window.calls).toBe(1);
});

test('the counts are those of the slots that a window ago had not ended', () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat(400), isFailure: fc.boolean() }), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (taken) => {
      const window = new RollingWindow(START_MS, options);
      const counted: { readonly slot: number; readonly isFailure: boolean }[] = [];
      let nowMs = START_MS;
      for (const { waitMs, isFailure } of taken) {
        nowMs += waitMs;
        const slot = Math.floor((nowMs - START_MS) / 100);
        counted.push({ slot, isFailure });
        if (isFailure) window.countFailure(nowMs);
        else window.countCall(nowMs);
        const present = counted.filter((one) => one.slot > slot - 10);
        expect(window.failures).toBe(present.filter((one) => one.isFailure).length);
        expect(window.calls).toBe(present.filter((one) => !one.isFailure).length);
      }
    }),
  );
});
