import { AppError } from '@gantry/errors';
import { createMetricsRegistry } from '@gantry/telemetry';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createBreaker } from './breaker.ts';

const OPEN_MS = 1_000;

// opossum's half-open timer is its own; the fake timers also move the Date behind the system clock.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const down = new AppError({ code: 'UNAVAILABLE', reason: 'DOWN', message: 'it is down' });
const missing = new AppError({ code: 'NOT_FOUND', reason: 'MISSING', message: 'it is not there' });

function setUp() {
  return createBreaker({ name: 'tool', metrics: createMetricsRegistry({ service: 'test' }) });
}

function failTimes(breaker: ReturnType<typeof setUp>, times: number): void {
  for (let call = 0; call < times; call += 1) breaker.begin()(down);
}

test('calls that end well or with an error of the caller leave the breaker closed', () => {
  const breaker = setUp();
  for (let call = 0; call < 20; call += 1) {
    breaker.begin()();
    breaker.begin()(missing);
  }
  expect(breaker.state).toBe('closed');
});

test('the failure that reaches the ratio opens the breaker at once, and the next call is refused', () => {
  const breaker = setUp();
  failTimes(breaker, 4);
  expect(breaker.state).toBe('closed');
  failTimes(breaker, 1);
  expect(breaker.state).toBe('open');
  expect(() => breaker.begin()).toThrow(expect.objectContaining({ reason: 'CIRCUIT_OPEN', retryAfterMs: OPEN_MS }));
});

test('calls in flight count as calls, so that a slow callee is not taken for a broken one', () => {
  const breaker = setUp();
  const inFlight = Array.from({ length: 6 }, () => breaker.begin());
  failTimes(breaker, 5);
  expect(breaker.state).toBe('closed');
  failTimes(breaker, 1);
  expect(breaker.state).toBe('open');
  for (const end of inFlight) end();
  expect(breaker.state).toBe('open');
});

test('one probe decides, and others are refused meanwhile', async () => {
  const breaker = setUp();
  failTimes(breaker, 5);
  vi.advanceTimersByTime(OPEN_MS);
  const endFailing = breaker.begin();
  expect(() => breaker.begin()).toThrow(expect.objectContaining({ reason: 'CIRCUIT_OPEN' }));
  endFailing(down);
  await vi.waitFor(() => expect(breaker.state).toBe('open'));

  vi.advanceTimersByTime(OPEN_MS);
  breaker.begin()();
  await vi.waitFor(() => expect(breaker.state).toBe('closed'));
  failTimes(breaker, 4);
  expect(breaker.state).toBe('closed');
});

test('calls of both kinds are counted together', async () => {
  const breaker = setUp();
  failTimes(breaker, 4);
  await breaker.run(() => Promise.reject(down)).catch(() => {});
  expect(breaker.state).toBe('open');
});

test('a run that is rejected with nothing has failed', async () => {
  const breaker = setUp();
  for (let call = 0; call < 5; call += 1) await breaker.run(() => Promise.reject(undefined)).catch(() => {});
  expect(breaker.state).toBe('open');
});

test('a released breaker lets calls through unguarded', () => {
  const breaker = setUp();
  const end = breaker.begin();
  breaker.close();
  end(down);
  failTimes(breaker, 10);
  expect(breaker.state).toBe('closed');
});
