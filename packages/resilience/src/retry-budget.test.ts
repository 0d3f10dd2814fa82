import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createRetryBudget, type RetryBudget } from './retry-budget.ts';

function setUp(options: { readonly ratio?: number; readonly minPerSecond?: number; readonly ttlMs?: number } = {}) {
  let nowMs = 1_700_000_000_000;
  const clock = { now: () => nowMs };
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { budget: createRetryBudget({ ...options, clock }), advance };
}

function record(budget: RetryBudget, calls: number): void {
  for (let call = 0; call < calls; call += 1) budget.recordCall();
}

/** Takes what there is. */
function drain(budget: RetryBudget, attempts = 10_000): number {
  let granted = 0;
  for (let attempt = 0; attempt < attempts; attempt += 1) granted += budget.tryRetry() ? 1 : 0;
  return granted;
}

test('a client without traffic has ten retries a second and no more', () => {
  const { budget, advance } = setUp();
  expect(drain(budget)).toBe(10);
  advance(500);
  expect(drain(budget)).toBe(5);
  advance(60_000);
  expect(drain(budget)).toBe(10);
});

test('every five calls earn one retry', () => {
  const { budget } = setUp({ minPerSecond: 0 });
  record(budget, 4);
  expect(budget.tryRetry()).toBe(false);
  record(budget, 1);
  expect(budget.tryRetry()).toBe(true);
  expect(budget.tryRetry()).toBe(false);
  record(budget, 1_004);
  expect(drain(budget)).toBe(200);
});

test('an earned retry can be used until its ttl is over', () => {
  const { budget, advance } = setUp({ minPerSecond: 0, ttlMs: 10_000 });
  record(budget, 10);
  advance(9_999);
  expect(budget.tryRetry()).toBe(true);
  advance(1);
  expect(budget.tryRetry()).toBe(false);
});

test('the oldest calls pay first, so that the younger ones last', () => {
  const { budget, advance } = setUp({ minPerSecond: 0, ttlMs: 10_000 });
  record(budget, 5);
  advance(5_000);
  record(budget, 5);
  expect(budget.tryRetry()).toBe(true);
  advance(5_000);
  expect(budget.tryRetry()).toBe(true);
  expect(budget.tryRetry()).toBe(false);
});

test('a ratio without an exact reciprocal still earns what it says', () => {
  const { budget } = setUp({ ratio: 0.3, minPerSecond: 0 });
  record(budget, 10);
  expect(drain(budget)).toBe(3);
});

test('a ratio and a minimum of 0 forbid retries', () => {
  const { budget } = setUp({ ratio: 0, minPerSecond: 0 });
  record(budget, 1_000);
  expect(drain(budget)).toBe(0);
});

test('a clock set back neither grants nor blocks retries for ever', () => {
  const { budget, advance } = setUp();
  expect(drain(budget)).toBe(10);
  advance(-3_600_000);
  expect(drain(budget)).toBe(0);
  record(budget, 5);
  expect(drain(budget)).toBe(1);
  advance(1_000);
  expect(drain(budget)).toBe(10);
});

test('negative options are refused', () => {
  expect(() => setUp({ ratio: -1 })).toThrow(RangeError);
  expect(() => setUp({ minPerSecond: -1 })).toThrow(RangeError);
  expect(() => setUp({ ttlMs: 0 })).toThrow(RangeError);
});

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('calls' as const), count: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ kind: fc.constant('retries' as const), count: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ kind: fc.constant('wait' as const), count: fc.integer({ min: 1, max: 15_000 }) }),
  ),
  { maxLength: 60 },
);

test('over any sequence the load stays within 1.2 times the calls and 10 a second', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const { budget, advance } = setUp();
      const sum = { calls: 0, retries: 0, wait: 0 };
      for (const { kind, count } of sequence) {
        if (kind === 'calls') record(budget, count);
        if (kind === 'wait') advance(count);
        sum[kind] += kind === 'retries' ? drain(budget, count) : count;
        // One second's worth of the guaranteed retries is there from the start.
        const allowed = 0.2 * sum.calls + 10 * (sum.wait / 1_000 + 1);
        expect(sum.retries).toBeLessThanOrEqual(allowed + 1e-6);
      }
    }),
  );
});

test('over any sequence no retry is paid for by calls older than the ttl', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const { budget, advance } = setUp({ minPerSecond: 0 });
      for (const { kind, count } of sequence) {
        if (kind === 'calls') record(budget, count);
        if (kind === 'retries') drain(budget, count);
        if (kind === 'wait') advance(count);
      }
      advance(10_000);
      expect(budget.tryRetry()).toBe(false);
    }),
  );
});
