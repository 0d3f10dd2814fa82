import { describe, expect, test } from 'vitest';

import { BATCH_ANSWER_BYTES_MAX, createAnswerBudget } from './answer-budget.ts';

const MIB = 1024 * 1024;

describe('the budget of answers', () => {
  test('gives a batch 16 MiB and no more', () => {
    const budget = createAnswerBudget();
    using share = budget.open('k');
    expect(BATCH_ANSWER_BYTES_MAX).toBe(16 * MIB);
    expect(share.take(BATCH_ANSWER_BYTES_MAX)).toBe(true);
    expect(share.take(1)).toBe(false);
    expect(budget.bytes).toBe(BATCH_ANSWER_BYTES_MAX);
  });

  test('gives a batch no more than can be sent', () => {
    using share = createAnswerBudget().open('k', 100);
    expect([share.take(101), share.take(100), share.take(1)]).toEqual([false, true, false]);
  });

  test('gives one credential a quarter of all, whatever it sends, and others theirs', () => {
    const budget = createAnswerBudget();
    const shares = Array.from({ length: 20 }, (_, index) => budget.open(`k${Math.floor(index / 5)}`));
    const taken = shares.map((share) => share.take(BATCH_ANSWER_BYTES_MAX));
    expect(taken).toEqual(Array.from({ length: 20 }, (_, index) => index % 5 < 4));
    expect(budget.bytes).toBe(256 * MIB);
    using other = budget.open('other');
    expect(other.take(1)).toBe(false);
    shares[0]?.[Symbol.dispose]();
    expect(other.take(1)).toBe(true);
    for (const share of shares) share[Symbol.dispose]();
    expect(budget.bytes).toBe(1);
  });

  test('takes nothing for a batch that is over', () => {
    const budget = createAnswerBudget();
    const share = budget.open('k');
    share.take(10);
    share[Symbol.dispose]();
    expect(share.take(1)).toBe(false);
    share[Symbol.dispose]();
    expect(budget.bytes).toBe(0);
  });
});
