import { expect, test } from 'vitest';

import { repeat } from './repeat.ts';

test('a task runs again after it failed, and never again once it was disposed of', async () => {
  const errors: unknown[] = [];
  let runs = 0;
  const { promise: twice, resolve } = Promise.withResolvers<void>();
  const task = () => {
    runs += 1;
    if (runs === 2) resolve();
    return runs === 1 ? Promise.reject(new Error('first')) : Promise.resolve();
  };
  const repeating = repeat({ everyMs: 1, task, onError: (error) => errors.push(error) });
  // The timer does not keep the process alive; the test's own one does.
  const alive = setInterval(() => undefined, 1_000);
  await twice;
  clearInterval(alive);
  await repeating[Symbol.asyncDispose]();
  const runsThen = runs;
  await new Promise((done) => setImmediate(done));
  expect(runs).toBe(runsThen);
  expect(errors).toEqual([new Error('first')]);
});

test('disposing waits for a run that is under way and tells it to stop', async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  let isDone = false;
  const repeating = repeat({
    everyMs: 1,
    onError: () => undefined,
    task: async (signal) => {
      start();
      await new Promise((stop) => signal.addEventListener('abort', stop));
      isDone = true;
    },
  });
  await started;
  await repeating[Symbol.asyncDispose]();
  expect(isDone).toBe(true);
});
