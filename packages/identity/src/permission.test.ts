import { AppError } from '@gantry/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { covers, isAllowed, parsePermission, requirePermission } from './permission.ts';
import type { Principal } from './principal.ts';

function principalWith(...permissions: string[]): Principal {
  return { tenantId: 't', userId: 'u', credentialId: 'c', roles: [], permissions, requestsPerMinute: 60 };
}

describe('a permission', () => {
  test('is split at its last colon, so that a resource may hold a URI', () => {
    expect(parsePermission('resources/https://a.example/x:read')).toEqual({
      resource: 'resources/https://a.example/x',
      action: 'read',
    });
  });

  test.each([
    '',
    ':',
    'tools',
    ':read',
    'tools:',
    'tools:Read',
    'to ols:read',
    'a\n:read',
    `${'x'.repeat(3_000)}:read`,
  ])('is refused when it is %j', (text) => expect(parsePermission(text)).toBeUndefined());

  test.each([
    ['tools:execute', 'tools', 'execute', true],
    ['tools:execute', 'tools/echo', 'execute', true],
    ['tools:read', 'tools/echo', 'execute', false],
    ['tools/echo:execute', 'tools/echo', 'execute', true],
    ['tools/echo:execute', 'tools/echo2', 'execute', false],
    ['tools/echo:execute', 'tools', 'execute', false],
    ['tools:*', 'tools/echo', 'execute', true],
    ['*:read', 'context', 'read', true],
    ['*:read', 'context', 'write', false],
    ['*:*', 'anything/at/all', 'do', true],
    ['resources/file:///srv/docs:read', 'resources/file:///srv/docs/a.md', 'read', true],
    ['resources/file:///srv/docs:read', 'resources/file:///srv/docs-old/a.md', 'read', false],
    ['resources/file:///:read', 'resources/file:///srv/docs', 'read', true],
  ])('%s against %s:%s is %s', (held, resource, action, expected) => {
    expect(isAllowed(principalWith(held), resource, action)).toBe(expected);
  });

  test('never covers a resource that it is not a path prefix of', () => {
    const segment = fc.stringMatching(/^[a-z]{1,4}$/);
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        (a, b) => {
          const isPrefix = a.length <= b.length && a.every((part, i) => part === b[i]);
          const held = { resource: a.join('/'), action: 'read' };
          expect(covers(held, { resource: b.join('/'), action: 'read' })).toBe(isPrefix);
        },
      ),
    );
  });
});

test('a principal without permissions may do nothing', () => {
  expect(isAllowed(principalWith(), 'tools', 'read')).toBe(false);
});

test('a malformed permission grants nothing', () => {
  expect(isAllowed(principalWith('*', ':', '*:'), 'tools', 'read')).toBe(false);
});

test('a refusal names the permission that is missing', () => {
  const attempt = () => requirePermission(principalWith('tools:read'), 'tools/echo', 'execute');
  expect(attempt).toThrow(AppError);
  expect(attempt).toThrow(/tools\/echo:execute/);
});
