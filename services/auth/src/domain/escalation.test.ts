import { isAllowed, type Principal } from '@gantry/identity';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { requireMayIssue, requireNoEscalation, requireOperator } from './escalation.ts';

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

  test('needs everything to hand out a key without a rate', () => {
    expect(() => requireMayIssue(callerWith(['*:read', '*:write']), ['a:read'], 0)).toThrow(
      expect.objectContaining({ reason: 'PERMISSION_ESCALATION' }),
    );
    expect(() => requireMayIssue(callerWith(['*:*']), ['a:read'], 0)).not.toThrow();
    expect(() => requireMayIssue(callerWith(['a:read']), ['a:read'], 1)).not.toThrow();
  });
});

test('an operator has *:* in the tenant default, nothing less and nowhere else', () => {
  expect(() => requireOperator(callerWith(['*:*'], 'default'))).not.toThrow();
  const denied = expect.objectContaining({ code: 'PERMISSION_DENIED' });
  expect(() => requireOperator(callerWith(['*:*'], 'acme'))).toThrow(denied);
  expect(() => requireOperator(callerWith(['*:read', '*:write', 'tools:*'], 'default'))).toThrow(denied);
  expect(() => requireOperator(callerWith([], 'default'))).toThrow(denied);
});
