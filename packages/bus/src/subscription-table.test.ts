import { isReason } from '@gantry/errors';
import { expect, test } from 'vitest';

import { HANDLERS_MAX, TOPICS_MAX } from './bus.ts';
import { SubscriptionTable } from './subscription-table.ts';

const ignore = () => undefined;
const isFull = (error: unknown) => isReason(error, 'BUS_SUBSCRIPTIONS_FULL');

function errorOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

test('the table takes its number of topics, refuses one more, and has room again when one goes', () => {
  const table = new SubscriptionTable(undefined);
  const subscriptions = Array.from({ length: TOPICS_MAX }, (_, index) => table.add(`topic ${index}`, ignore, {}));

  expect(errorOf(() => table.add('one more', ignore, {}))).toSatisfy(isFull);
  expect(subscriptions[0] !== undefined && table.remove(subscriptions[0])).toBe(true);
  expect(table.add('one more', ignore, {}).topic).toBe('one more');
});

test('one topic takes its number of handlers and refuses one more', () => {
  const table = new SubscriptionTable(undefined);
  for (let index = 0; index < HANDLERS_MAX; index += 1) {
    table.add('topic', ignore, {});
  }

  expect(errorOf(() => table.add('topic', ignore, {}))).toSatisfy(isFull);
});

test('a handler that disposes another keeps it from hearing the same message', () => {
  const table = new SubscriptionTable(undefined);
  const heard: string[] = [];
  table.add('topic', () => void table.remove(second), {});
  const second = table.add('topic', (payload) => void heard.push(payload), {});

  table.deliver('topic', 'x');

  expect(heard).toEqual([]);
});

test('only subscriptions with a gap are reset, and once', () => {
  const table = new SubscriptionTable(undefined);
  let resets = 0;
  table.add('topic', ignore, { onReset: () => (resets += 1) });
  table.add('topic', ignore, {});
  expect(table.resetGaps()).toBe(0);

  table.markGaps();

  expect(table.resetGaps()).toBe(2);
  expect(table.resetGaps()).toBe(0);
  expect(resets).toBe(1);
});
