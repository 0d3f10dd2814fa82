import { expect, test } from 'vitest';

import { createBodyBudget } from './body-budget.ts';

test('a credential takes its share and no more, and the others go on', () => {
  const budget = createBodyBudget({ totalMax: 100, perCredentialMax: 10 });
  using first = budget.open('a');
  first.take(6);
  using second = budget.open('a');
  second.take(4);
  expect(() => second.take(1)).toThrow('this credential is sending as much as it may');
  using other = budget.open('b');
  other.take(10);
  expect(budget.bytes).toBe(20);
});

test('all together take the total and no more', () => {
  const budget = createBodyBudget({ totalMax: 15, perCredentialMax: 10 });
  using first = budget.open('a');
  first.take(10);
  using second = budget.open('b');
  expect(() => second.take(6)).toThrow(expect.objectContaining({ reason: 'GATEWAY_OVERLOADED', retryAfterMs: 1_000 }));
  second.take(5);
});

test('what is over gives back what it took, once', () => {
  const budget = createBodyBudget({ totalMax: 10, perCredentialMax: 10 });
  const share = budget.open('a');
  share.take(10);
  share[Symbol.dispose]();
  share[Symbol.dispose]();
  expect(budget.bytes).toBe(0);
  using again = budget.open('a');
  again.take(10);
});

test('the defaults are 256 MiB, and 64 MiB a credential', () => {
  const budget = createBodyBudget();
  const mib = 1024 * 1024;
  for (const credential of ['a', 'b', 'c', 'd']) {
    const share = budget.open(credential);
    share.take(64 * mib);
    expect(() => share.take(1)).toThrow();
  }
  expect(() => budget.open('e').take(1)).toThrow('the gateway is receiving as much');
});
