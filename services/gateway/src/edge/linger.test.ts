import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { DISCARDED_BYTES_MAX, endWhenSent, LINGER_MS } from './linger.ts';

beforeEach(() => void vi.useFakeTimers());

afterEach(() => void vi.useRealTimers());

/** A request whose rest is still to come, and how often its response was ended. */
function linger() {
  const request = Object.assign(new EventEmitter(), { resume: vi.fn<() => void>() });
  const response = Object.assign(new EventEmitter(), { end: vi.fn<() => void>() });
  // The fakes have all that is used.
  endWhenSent(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  const send = (bytes: number) => request.emit('data', { length: bytes });
  return { request, response, send, endings: () => response.end.mock.calls.length };
}

test('the rest of a body is thrown away up to 32 MiB, and the connection ended beyond', () => {
  const { request, send, endings } = linger();
  expect(request.resume).toHaveBeenCalledOnce();
  send(DISCARDED_BYTES_MAX);
  expect([DISCARDED_BYTES_MAX, endings()]).toEqual([32 * 1024 * 1024, 0]);
  send(1);
  expect(endings()).toBe(1);
});

test('a client that has sent its body sees the answer at once', () => {
  const { request, endings } = linger();
  request.emit('end');
  expect(endings()).toBe(1);
  vi.advanceTimersByTime(LINGER_MS);
  expect(endings()).toBe(1);
});

test('a client that sends on and on, or nothing at all, is waited for no longer than two seconds', () => {
  const { endings } = linger();
  vi.advanceTimersByTime(LINGER_MS - 1);
  expect([LINGER_MS, endings()]).toEqual([2_000, 0]);
  vi.advanceTimersByTime(1);
  expect(endings()).toBe(1);
});

test('a connection that is gone leaves no timer behind', () => {
  const { response } = linger();
  response.emit('close');
  expect(vi.getTimerCount()).toBe(0);
});
