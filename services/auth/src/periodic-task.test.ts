import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startPeriodicTask } from './periodic-task.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('a task runs every so often, never twice at a time, and a failure is told and does not stop it', async () => {
  const held = Promise.withResolvers<void>();
  const run = vi.fn<() => Promise<void>>(async () => undefined).mockReturnValueOnce(held.promise);
  const onError = vi.fn();
  await using task = startPeriodicTask({ everyMs: 1_000, run, onError });
  expect(task).toBeDefined();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(run).toHaveBeenCalledTimes(1);
  held.reject(new Error('no luck'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(onError).toHaveBeenCalledTimes(1);
  expect(run).toHaveBeenCalledTimes(2);
});

test('disposing stops it and waits for the run under way', async () => {
  const held = Promise.withResolvers<void>();
  const run = vi.fn(() => held.promise);
  const task = startPeriodicTask({ everyMs: 1_000, run, onError: () => undefined });
  await vi.advanceTimersByTimeAsync(1_000);
  let isDone = false;
  const disposed = task[Symbol.asyncDispose]().then(() => (isDone = true));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(isDone).toBe(false);
  held.resolve();
  await disposed;
  expect(run).toHaveBeenCalledTimes(1);
});
