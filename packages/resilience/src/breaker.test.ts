import { AppError, type StatusCode } from '@gantry/errors';
import { createMetricsRegistry } from '@gantry/telemetry';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { type Breaker, createBreaker, type CreateBreakerOptions } from './breaker.ts';

const OPEN_MS = 1_000;
const WINDOW_MS = 10_000;

// opossum's half-open timer is its own; the fake timers also move the Date behind the system clock.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(options: Partial<CreateBreakerOptions> = {}) {
  const metrics = createMetricsRegistry({ service: 'test' });
  return { metrics, breaker: createBreaker({ name: 'tool', metrics, ...options }) };
}

function errorOf(code: StatusCode, reason: string = code): AppError {
  return new AppError({ code, reason, message: 'it went wrong' });
}

const succeed = async (breaker: Breaker) => breaker.run(async () => 'fine');
const failWith = async (breaker: Breaker, error: unknown) =>
  breaker.run(() => Promise.reject(error)).catch((caught: unknown) => caught);

async function failTimes(breaker: Breaker, times: number): Promise<void> {
  for (let call = 0; call < times; call += 1) await failWith(breaker, errorOf('UNAVAILABLE'));
}

async function valueOf(metrics: ReturnType<typeof setUp>['metrics'], name: string): Promise<number | undefined> {
  const metric = await metrics.getSingleMetric(name)?.get();
  return metric?.values.find(({ labels }) => labels['breaker'] === 'tool')?.value;
}

describe('a closed breaker', () => {
  test('passes values and errors through unchanged', async () => {
    const { breaker } = setUp();
    const error = errorOf('UNAVAILABLE');
    expect(await succeed(breaker)).toBe('fine');
    expect(await failWith(breaker, error)).toBe(error);
    expect(breaker.state).toBe('closed');
  });

  test('opens with the failure that fills the minimum of calls', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  test('opens exactly at the failure ratio and not below it', async () => {
    const { breaker } = setUp({ minimumCalls: 10 });
    for (let call = 0; call < 6; call += 1) await succeed(breaker);
    await failTimes(breaker, 5);
    expect(breaker.state).toBe('closed');
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  test('forgets failures that left the window', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 4);
    vi.advanceTimersByTime(WINDOW_MS);
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
  });

  test('keeps failures that are still in the window', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 4);
    vi.advanceTimersByTime(WINDOW_MS * 0.9);
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  test.each(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL', 'UNKNOWN'] as const)(
    'counts %s as a failure',
    async (code) => {
      const { breaker } = setUp({ minimumCalls: 1 });
      await failWith(breaker, errorOf(code));
      expect(breaker.state).toBe('open');
    },
  );

  test('counts an error that is not an AppError as a failure', async () => {
    const { breaker } = setUp({ minimumCalls: 1 });
    await failWith(breaker, new Error('connect ECONNREFUSED'));
    expect(breaker.state).toBe('open');
  });

  test.each(['INVALID_ARGUMENT', 'NOT_FOUND', 'RESOURCE_EXHAUSTED', 'CANCELLED', 'PERMISSION_DENIED'] as const)(
    'does not count %s as a failure',
    async (code) => {
      const { breaker } = setUp({ minimumCalls: 1 });
      await failWith(breaker, errorOf(code));
      expect(breaker.state).toBe('closed');
    },
  );

  test('does not count the refusals of a healthy callee or of our own deadline', async () => {
    const { breaker } = setUp({ minimumCalls: 1 });
    await failWith(breaker, errorOf('UNAVAILABLE', 'CIRCUIT_OPEN'));
    await failWith(breaker, errorOf('DEADLINE_EXCEEDED', 'DEADLINE_TOO_CLOSE'));
    expect(breaker.state).toBe('closed');
  });

  test('counts what isFailure says instead of the default', async () => {
    const { breaker } = setUp({ minimumCalls: 1, isFailure: (error) => error === 'bad' });
    await failWith(breaker, errorOf('UNAVAILABLE'));
    expect(breaker.state).toBe('closed');
    await failWith(breaker, 'bad');
    expect(breaker.state).toBe('open');
  });

  test('treats an operation that throws at once like one that rejects', async () => {
    const { breaker } = setUp({ minimumCalls: 1 });
    const error = errorOf('INTERNAL');
    const thrown = breaker.run(() => {
      throw error;
    });
    await expect(thrown).rejects.toBe(error);
    expect(breaker.state).toBe('open');
  });
});

describe('an open breaker', () => {
  test('refuses at once with CIRCUIT_OPEN and the time that is left', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    vi.advanceTimersByTime(400);
    const operation = vi.fn<() => Promise<string>>();
    await expect(breaker.run(operation)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'CIRCUIT_OPEN',
      retryAfterMs: OPEN_MS - 400,
      metadata: { breaker: 'tool' },
    });
    expect(operation).not.toHaveBeenCalled();
  });

  test('lets one probe through after openMs, and refuses the others meanwhile', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    vi.advanceTimersByTime(OPEN_MS);
    expect(breaker.state).toBe('half-open');
    const probe = Promise.withResolvers<string>();
    const probing = breaker.run(() => probe.promise);
    await expect(succeed(breaker)).rejects.toMatchObject({ reason: 'CIRCUIT_OPEN', retryAfterMs: OPEN_MS });
    probe.resolve('alive');
    expect(await probing).toBe('alive');
    expect(breaker.state).toBe('closed');
    expect(await succeed(breaker)).toBe('fine');
  });

  test('stays open for another openMs when the probe fails', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    vi.advanceTimersByTime(OPEN_MS);
    await failWith(breaker, errorOf('UNAVAILABLE'));
    expect(breaker.state).toBe('open');
    vi.advanceTimersByTime(OPEN_MS - 1);
    expect(breaker.state).toBe('open');
    vi.advanceTimersByTime(1);
    await succeed(breaker);
    expect(breaker.state).toBe('closed');
  });

  test('is not kept open by callers who cancel', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    vi.advanceTimersByTime(OPEN_MS);
    await failWith(breaker, errorOf('CANCELLED'));
    expect(breaker.state).toBe('closed');
  });

  test('closes when the probe is answered with an error of the caller', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    vi.advanceTimersByTime(OPEN_MS);
    await failWith(breaker, errorOf('NOT_FOUND'));
    expect(breaker.state).toBe('closed');
  });

  test('opens again after recovery as soon as the first time, however many calls it refused', async () => {
    const { breaker } = setUp();
    await failTimes(breaker, 5);
    for (let call = 0; call < 1_000; call += 1) await succeed(breaker).catch(() => {});
    vi.advanceTimersByTime(OPEN_MS);
    await succeed(breaker);
    await failTimes(breaker, 4);
    expect(breaker.state).toBe('closed');
    await failTimes(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  test('ignores calls that began before it changed its state', async () => {
    const { breaker } = setUp();
    const late = Promise.withResolvers<string>();
    const lateSuccess = Promise.withResolvers<string>();
    const stragglers = Array.from({ length: 20 }, async () => breaker.run(() => late.promise).catch(() => 'failed'));
    const lateSucceeding = breaker.run(() => lateSuccess.promise);
    await failTimes(breaker, 30);
    expect(breaker.state).toBe('open');
    vi.advanceTimersByTime(OPEN_MS);
    lateSuccess.resolve('fine');
    expect(await lateSucceeding).toBe('fine');
    expect(breaker.state).toBe('half-open');
    await succeed(breaker);
    late.reject(errorOf('DEADLINE_EXCEEDED'));
    expect(new Set(await Promise.all(stragglers))).toEqual(new Set(['failed']));
    expect(breaker.state).toBe('closed');
  });
});

describe('metrics', () => {
  test('show each state and count the refusals', async () => {
    const { metrics, breaker } = setUp();
    expect(await valueOf(metrics, 'gantry_breaker_state')).toBe(0);
    await failTimes(breaker, 5);
    expect(await valueOf(metrics, 'gantry_breaker_state')).toBe(2);
    await failTimes(breaker, 3);
    expect(await valueOf(metrics, 'gantry_breaker_rejected_total')).toBe(3);
    vi.advanceTimersByTime(OPEN_MS);
    expect(await valueOf(metrics, 'gantry_breaker_state')).toBe(1);
    await succeed(breaker);
    expect(await valueOf(metrics, 'gantry_breaker_state')).toBe(0);
  });

  test('are shared by the breakers of one registry', async () => {
    const { metrics, breaker } = setUp();
    const other = createBreaker({ name: 'resource', metrics, minimumCalls: 1 });
    await failTimes(other, 1);
    expect(breaker.state).toBe('closed');
    expect(await metrics.metrics()).toContain('gantry_breaker_state{breaker="resource",service="test"} 2');
  });
});

describe('close', () => {
  test('releases the timer and the series, and lets later calls through', async () => {
    const { metrics, breaker } = setUp();
    await failTimes(breaker, 5);
    expect(vi.getTimerCount()).toBe(1);
    breaker.close();
    breaker.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(await valueOf(metrics, 'gantry_breaker_state')).toBeUndefined();
    expect(await succeed(breaker)).toBe('fine');
    expect(breaker.state).toBe('closed');
  });

  test('leaves calls in flight alone', async () => {
    const { breaker } = setUp({ minimumCalls: 1 });
    const slow = Promise.withResolvers<string>();
    const running = breaker.run(() => slow.promise);
    breaker.close();
    slow.resolve('done');
    expect(await running).toBe('done');
  });

  test('is not needed by a breaker that never opened, which holds no timer', async () => {
    const { breaker } = setUp();
    await succeed(breaker);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each([
  { failureRatio: 0 },
  { failureRatio: 1.1 },
  { minimumCalls: 0 },
  { minimumCalls: 1.5 },
  { windowMs: 0 },
  { openMs: Number.NaN },
])('createBreaker refuses %o', (options) => {
  expect(() => setUp(options)).toThrow(RangeError);
});
