import { AppError } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { leavesConnectionUnusable, toDatabaseError } from './database-error.ts';

describe('errors that say the database cannot be reached', () => {
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', '08006', '08P01', '57P01', '57P03', '53300', '25006', '25P03'])(
    '%s',
    (code) => {
      const error = Object.assign(new Error('from pg'), { code });
      expect(toDatabaseError(error)).toMatchObject({
        code: 'UNAVAILABLE',
        reason: 'DATABASE_UNAVAILABLE',
        cause: error,
      });
      expect(leavesConnectionUnusable(error)).toBe(true);
    },
  );

  test.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect'])('%s', (message) => {
    expect(toDatabaseError(new Error(message))).toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
  });

  test('a host whose every address refuses', () => {
    const error = Object.assign(new AggregateError([new Error('::1'), new Error('127.0.0.1')]), {
      code: 'ECONNREFUSED',
    });
    expect(toDatabaseError(error)).toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
  });
});

test('a query that outlived its client is DATABASE_TIMEOUT, and its connection is not used again', () => {
  const error = new Error('Query read timeout');
  expect(toDatabaseError(error)).toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'DATABASE_TIMEOUT' });
  expect(leavesConnectionUnusable(error)).toBe(true);
});

test('what the message tells the caller names no host and no internals', () => {
  const error = toDatabaseError(new Error('Connection terminated unexpectedly: db.internal.example'));
  expect(error).toMatchObject({ message: 'the database cannot be reached, try again in a moment' });
});

test('an error of the domain, a broken constraint and a bug are left as they are', () => {
  const errors = [
    new AppError({ code: 'NOT_FOUND', reason: 'NOTE_NOT_FOUND', message: 'there is no such note' }),
    Object.assign(new Error('duplicate key'), { code: '23505' }),
    new TypeError('Connection is undefined'),
    'a string',
  ];
  for (const error of errors) {
    expect(toDatabaseError(error)).toBe(error);
    expect(leavesConnectionUnusable(error)).toBe(false);
  }
});
