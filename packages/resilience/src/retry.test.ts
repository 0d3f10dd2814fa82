import { AppError } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import { retry, type RetryOptions } from './retry.ts';

const NOW_MS = 1_700_000_000_000;
const unavailable = new AppError({ code: 'UNAVAILABLE', reason: 'UNAVAILABLE', message: 'try again later' });

/** Time passes only while retry sleeps; every draw is one half, so the waits are 50, 100, 200 … up to 500 ms. */
function setUp(options: Partial<RetryOptions> = {}) {
  let nowMs = NOW_MS;
  const sleeps: number[] = [];
  const budget: RetryBudget = createRetryBudget({ clock: { now: () => nowMs } });
  const settings: RetryOptions = {
    retriesMax: 3,
    isRetryable: (error) => error instanceof AppError && error.code === 'UNAVAILABLE',
    budget,
    baseMs: 100,
    maxMs: 1_000,
    random: () => 0.5,
    clock: { now: () => nowMs },
    sleep: async (ms) => {
      sleeps.push(ms);
      nowMs += ms;
    },
    ...options,
  };
  return { settings, sleeps };
}

/** Fails the first `failures` attempts and remembers their numbers. */
function failing(failures: number, error: unknown = unavailable) {
  const attempts: number[] = [];
  const operation = async (attempt: number) => {
    attempts.push(attempt);
    if (attempts.length <= failures) throw error;
    return 'done';
  };
  return { attempts, operation };
}

test('an operation that succeeds runs once', async () => {
  const { settings, sleeps } = setUp();
  const { operation, attempts } = failing(0);
  expect(await retry(operation, settings)).toBe('done');
  expect(attempts).toEqual([1]);
  expect(sleeps).toEqual([]);
});

test('a passing failure is retried after growing waits', async () => {
  const { settings, sleeps } = setUp();
  const { operation, attempts } = failing(3);
  expect(await retry(operation, settings)).toBe('done');
  expect(attempts).toEqual([1, 2, 3, 4]);
  expect(sleeps).toEqual([50, 100, 200]);
});

test('the last error rises unchanged when the retries are used up', async () => {
  const { settings } = setUp({ retriesMax: 2 });
  const { operation, attempts } = failing(9);
  await expect(retry(operation, settings)).rejects.toBe(unavailable);
  expect(attempts).toEqual([1, 2, 3]);
});

test('an error that is not retryable rises at once', async () => {
  const { settings } = setUp();
  const error = new AppError({ code: 'INVALID_ARGUMENT', reason: 'BAD', message: 'give a name' });
  const { operation, attempts } = failing(9, error);
  await expect(retry(operation, settings)).rejects.toBe(error);
  expect(attempts).toEqual([1]);
});

test('retriesMax 0 means one attempt and nothing taken from the budget', async () => {
  const budget = createRetryBudget({ ratio: 0, minPerSecond: 1, clock: { now: () => NOW_MS } });
  const { settings } = setUp({ retriesMax: 0, budget });
  await expect(retry(failing(9).operation, settings)).rejects.toBe(unavailable);
  expect(budget.tryRetry()).toBe(true);
});

test('a call is recorded once in the budget, and its retries are taken from it until it is empty', async () => {
  const seen = { calls: 0, retries: 0 };
  const budget: RetryBudget = {
    recordCall: () => void (seen.calls += 1),
    tryRetry: () => (seen.retries += 1) <= 1,
  };
  const { settings } = setUp({ budget });
  const { operation, attempts } = failing(9);
  await expect(retry(operation, settings)).rejects.toBe(unavailable);
  expect(attempts).toEqual([1, 2]);
  expect(seen).toEqual({ calls: 1, retries: 2 });
});

test('the wait an error asks for is kept, with jitter on top', async () => {
  const { settings, sleeps } = setUp();
  const error = new AppError({ code: 'UNAVAILABLE', reason: 'CIRCUIT_OPEN', message: 'later', retryAfterMs: 2_000 });
  expect(await retry(failing(1, error).operation, settings)).toBe('done');
  expect(sleeps).toEqual([2_050]);
});

describe('the deadline', () => {
  test('stops a retry that could only start when it has passed', async () => {
    const { settings, sleeps } = setUp({ deadlineMs: NOW_MS + 150 });
    const { operation, attempts } = failing(9);
    await expect(retry(operation, settings)).rejects.toBe(unavailable);
    expect(attempts).toEqual([1, 2]);
    expect(sleeps).toEqual([50]);
  });

  test('stops a retry that the error wants later than the deadline', async () => {
    const { settings, sleeps } = setUp({ deadlineMs: NOW_MS + 1_000 });
    const error = new AppError({ code: 'UNAVAILABLE', reason: 'BUSY', message: 'later', retryAfterMs: 1_000 });
    await expect(retry(failing(9, error).operation, settings)).rejects.toBe(error);
    expect(sleeps).toEqual([]);
  });
});

describe('the signal', () => {
  test('prevents the first attempt when it has aborted before', async () => {
    const { settings } = setUp({ signal: AbortSignal.abort() });
    const { operation, attempts } = failing(0);
    await expect(retry(operation, settings)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(attempts).toEqual([]);
  });

  test('ends the wait between attempts, with the default timer too', async () => {
    const controller = new AbortController();
    const { sleep: _sleep, ...settings } = setUp({
      signal: controller.signal,
      baseMs: 3_600_000,
      maxMs: 3_600_000,
    }).settings;
    const { operation, attempts } = failing(9);
    const running = retry(operation, settings);
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(attempts).toEqual([1]);
  });

  test('that timed out makes it DEADLINE_EXCEEDED', async () => {
    const reason = new DOMException('too late', 'TimeoutError');
    const { settings } = setUp({ signal: AbortSignal.abort(reason) });
    await expect(retry(failing(0).operation, settings)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('aborted during an attempt lets the error of that attempt rise', async () => {
    const controller = new AbortController();
    const { settings, sleeps } = setUp({ signal: controller.signal });
    const operation = async () => {
      controller.abort();
      throw unavailable;
    };
    await expect(retry(operation, settings)).rejects.toBe(unavailable);
    expect(sleeps).toEqual([]);
  });
});

test('a real timer separates attempts when no sleep is given', async () => {
  const { sleep: _sleep, ...settings } = setUp({ baseMs: 2, maxMs: 2 }).settings;
  const { operation, attempts } = failing(2);
  expect(await retry(operation, settings)).toBe('done');
  expect(attempts).toEqual([1, 2, 3]);
});
