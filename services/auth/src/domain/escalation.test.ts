import { AppError } from '@gantry/errors';
import { isAllowed, type Principal } from '@gantry/identity';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { requireMayIssue, requireNoEscalation, requireNotOutranked, requireOperator, slowerOf } from './escalation.ts';

function callerWith(permissions: readonly string[], tenantId = 'acme'): Principal {
  return { tenantId, userId: 'u', credentialId: 'c', roles: [], permissions, requestsPerMinute: 60 };
}

const resource = fc.constantFrom('*', 'tools', 'tools/echo', 'tools/echo/x', 'tools/echo2', 'context');
const action = fc.constantFrom('*', 'read', 'write');
const permission = fc.tuple(resource, action).map((parts) => parts.join(':'));

describe('whoever gives permissions away', () => {
  test('never makes somebody able to do what they cannot do themselves', () => {
    fc.assert(
      fc.property(fc.array(permission, { maxLength: 4 }), fc.array(permission, { maxLength: 4 }), (held, given) => {
        const caller = callerWith(held);
        try {
          requireNoEscalation(caller, given);
        } catch {
          return;
        }
        const receiver = callerWith(given);
        for (const thing of ['tools', 'tools/echo', 'tools/echo/x', 'tools/echo2', 'context', 'anything']) {
          for (const deed of ['read', 'write', 'anything']) {
            if (isAllowed(receiver, thing, deed)) expect(isAllowed(caller, thing, deed)).toBe(true);
          }
        }
      }),
    );
  });

  test('may give all they have', () => {
    fc.assert(fc.property(fc.array(permission), (held) => requireNoEscalation(callerWith(held), held)));
  });

  test('is told what is missing', () => {
    expect(() => requireNoEscalation(callerWith(['a:read']), ['a:read', 'b:read'])).toThrow(
      expect.objectContaining({ reason: 'PERMISSION_ESCALATION', metadata: { requiredPermission: 'b:read' } }),
    );
  });

  // The caller of each row has no more than *:read and *:write, and a key of 60 requests per minute.
  test.each([
    { requestsPerMinute: 1, isAllowed: true },
    { requestsPerMinute: 60, isAllowed: true },
    { requestsPerMinute: 61, isAllowed: false },
    { requestsPerMinute: 1_000_000, isAllowed: false },
    { requestsPerMinute: 0, isAllowed: false },
  ])('hands out a key of their own rate at most: $requestsPerMinute', ({ requestsPerMinute, isAllowed: isFine }) => {
    const attempt = () => requireMayIssue(callerWith(['*:read', '*:write']), ['a:read'], requestsPerMinute);
    if (isFine) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ reason: 'PERMISSION_ESCALATION' }));
  });

  test('is told the rate of their own key', () => {
    const attempt = (requestsPerMinute: number) => () => requireMayIssue(callerWith([]), [], requestsPerMinute);
    expect(attempt(100)).toThrow('you cannot hand out a key with 100 requests per minute, because yours has 60');
    expect(attempt(0)).toThrow('you cannot hand out a key with no limit, because yours has 60');
  });

  test('hands out any rate when their own key has no limit, or when they may do everything', () => {
    for (const rate of [0, 1, 1_000_000]) {
      expect(() =>
        requireMayIssue({ ...callerWith(['a:read']), requestsPerMinute: 0 }, ['a:read'], rate),
      ).not.toThrow();
      expect(() => requireMayIssue(callerWith(['*:*']), ['a:read'], rate)).not.toThrow();
    }
  });
});

describe('whoever changes a user or a role', () => {
  test('has every permission of it', () => {
    fc.assert(
      fc.property(fc.array(permission, { maxLength: 4 }), fc.array(permission, { maxLength: 4 }), (held, target) => {
        const refusalOf = (check: () => void) => {
          try {
            check();
            return undefined;
          } catch (error) {
            return error instanceof AppError ? error.metadata : error;
          }
        };
        const caller = callerWith(held);
        // The same rule as for giving them away, in other words.
        expect(refusalOf(() => requireNotOutranked(caller, 'user', target))).toEqual(
          refusalOf(() => requireNoEscalation(caller, target)),
        );
      }),
    );
  });

  test('is told what is missing', () => {
    expect(() => requireNotOutranked(callerWith(['a:read']), 'role', ['a:read', 'b:read'])).toThrow(
      expect.objectContaining({
        code: 'PERMISSION_DENIED',
        reason: 'PERMISSION_ESCALATION',
        metadata: { requiredPermission: 'b:read' },
        message:
          'you cannot change this, because the role has b:read and you do not; ask an administrator of your tenant',
      }),
    );
  });
});

test.each([
  [60, 5, 5],
  [5, 60, 5],
  [0, 60, 60],
  [60, 0, 60],
  [0, 0, 0],
])('of the rates %i and %i, of which 0 is unlimited, %i is the slower one', (a, b, slower) => {
  expect(slowerOf(a, b)).toBe(slower);
});

test('an operator has *:* in the tenant default, nothing less and nowhere else', () => {
  expect(() => requireOperator(callerWith(['*:*'], 'default'))).not.toThrow();
  const denied = expect.objectContaining({ code: 'PERMISSION_DENIED' });
  expect(() => requireOperator(callerWith(['*:*'], 'acme'))).toThrow(denied);
  expect(() => requireOperator(callerWith(['*:read', '*:write', 'tools:*'], 'default'))).toThrow(denied);
  expect(() => requireOperator(callerWith([], 'default'))).toThrow(denied);
});
