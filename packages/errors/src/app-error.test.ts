import { expect, test } from 'vitest';

import { AppError, isAppError, isReason } from './app-error.ts';
import { isOutage, isRetryable, statusCodeOf, statusNumbers } from './status-code.ts';
import { toAppError } from './to-app-error.ts';

const error = new AppError({ code: 'NOT_FOUND', reason: 'TOOL_NOT_FOUND', message: 'there is no such tool' });

test('an AppError is told by its brand, not by its class', () => {
  expect(isAppError(error)).toBe(true);
  expect(isAppError({ [Symbol.for('gantry.AppError')]: true })).toBe(true);
  expect(isAppError(new Error('plain'))).toBe(false);
  expect(isAppError(null)).toBe(false);
});

test('a reason is matched exactly', () => {
  expect(isReason(error, 'TOOL_NOT_FOUND')).toBe(true);
  expect(isReason(error, 'TOOL')).toBe(false);
  expect(isReason(new Error('TOOL_NOT_FOUND'), 'TOOL_NOT_FOUND')).toBe(false);
});

test('an unknown error becomes INTERNAL with a fixed message and keeps its cause', () => {
  const cause = new Error('password=hunter2');
  const converted = toAppError(cause);
  expect(converted).toMatchObject({ code: 'INTERNAL', message: 'internal error', cause });
});

test('an abort becomes DEADLINE_EXCEEDED or CANCELLED by what caused it', () => {
  expect(toAppError(AbortSignal.abort().reason).code).toBe('CANCELLED');
  expect(toAppError(new DOMException('late', 'TimeoutError')).code).toBe('DEADLINE_EXCEEDED');
});

test('every status number maps to its name and back, and an unknown one is UNKNOWN', () => {
  for (const [name, number] of Object.entries(statusNumbers)) expect(statusCodeOf(number)).toBe(name);
  expect(statusCodeOf(99)).toBe('UNKNOWN');
});

test('a caller at fault is neither an outage nor retryable', () => {
  expect(isOutage('INVALID_ARGUMENT')).toBe(false);
  expect(isRetryable('INVALID_ARGUMENT')).toBe(false);
  expect(isOutage('UNAVAILABLE')).toBe(true);
  expect(isRetryable('UNAVAILABLE')).toBe(true);
});
