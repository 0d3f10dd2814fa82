import { expect, test } from 'vitest';

import { sessionClosed } from './errors.ts';
import { PendingRequest } from './pending-request.ts';
import { RequestQueue } from './request-queue.ts';

const outcome = {
  resolve: () => undefined,
  reject: () => undefined,
  onGivenUp: () => undefined,
  timedOut: () => sessionClosed(),
};

function requests(count: number): readonly PendingRequest[] {
  return Array.from({ length: count }, (_, index) => new PendingRequest(`${index}`, '{}', { outcome, options: {} }));
}

function drain(queue: RequestQueue): string[] {
  const methods: string[] = [];
  for (let request = queue.shift(); request !== undefined; request = queue.shift()) methods.push(request.method);
  return methods;
}

test('a queue gives back what was put in, in order, what was put in front first', () => {
  const queue = new RequestQueue();
  const [a, b, c, d] = requests(4);
  for (const request of [a, b, c]) if (request !== undefined) queue.push(request);
  if (d !== undefined) queue.unshift(d);
  expect([queue.length, queue.size]).toEqual([4, 12]);
  expect(drain(queue)).toEqual(['3', '0', '1', '2']);
  expect([queue.length, queue.size]).toEqual([0, 0]);
});

test.each([
  ['the first', 0, ['1', '2']],
  ['one between', 1, ['0', '2']],
  ['the last', 2, ['0', '1']],
])('%s can be taken out, once', (_name, index, left) => {
  const queue = new RequestQueue();
  const all = requests(3);
  for (const request of all) queue.push(request);
  const taken = all[index];
  if (taken === undefined) throw new Error('there is no such request');
  queue.delete(taken);
  queue.delete(taken);
  expect(queue.length).toBe(2);
  expect(drain(queue)).toEqual(left);
});
