import { isAppError } from '@gantry/errors';
import { expect, test } from 'vitest';

import { isRedisOutage, toRedisError } from './redis-outage.ts';

test.each(['LOADING Redis is loading', 'CLUSTERDOWN Hash slot not served', 'READONLY You can not write'])(
  '%s means that Redis cannot serve',
  (message) => {
    expect(isRedisOutage(new Error(message))).toBe(true);
  },
);

test('a refused connection is an outage', () => {
  expect(isRedisOutage(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))).toBe(true);
});

test.each([new Error('WRONGTYPE Operation against a key'), new TypeError('x is not a function'), 'text', undefined])(
  '%s is not an outage and stays as it is',
  (error) => {
    expect(isRedisOutage(error)).toBe(false);
    expect(toRedisError(error)).toBe(error);
  },
);

test('an outage becomes UNAVAILABLE with its cause and without its text', () => {
  const cause = new Error('Command timed out');
  const error = toRedisError(cause);

  expect(isAppError(error) && [error.code, error.reason, error.cause]).toEqual([
    'UNAVAILABLE',
    'REDIS_UNAVAILABLE',
    cause,
  ]);
});
