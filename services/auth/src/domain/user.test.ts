import { ASSERTION_CHARACTERS_MAX, signAssertion } from '@gantry/identity';
import { expect, test } from 'vitest';

import { generateSigningKey } from '../crypto/generate-signing-key.ts';
import { isUserId, PRINCIPAL_BYTES_MAX } from './user.ts';

test.each(['a', 'ann@example.com', 'urn:x:1', '名', `';--`, 'x'.repeat(200)])('%j is the id of a user', (text) => {
  expect(isUserId(text)).toBe(true);
});

test.each(['', ' ', 'a b', 'a\n', 'a\u00A0b', 'a\0', 'a\u0085', 'x'.repeat(201)])('%j is not', (text) => {
  expect(isUserId(text)).toBe(false);
});

test('the assertion of a principal of the largest size, with the longest of everything else, can be sent', async () => {
  const userId = 'u'.repeat(200);
  const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;
  const permissions = [''];
  const principal = {
    tenantId: 't'.repeat(63),
    userId,
    credentialId: '0'.repeat(16),
    roles: ['admin'],
    permissions,
    requestsPerMinute: 4_294_967_295,
  };
  // Each text costs its quotes and a comma, as the store counts.
  const used = bytesOf(userId) + bytesOf('admin') + 1 + 3;
  permissions[0] = 'p'.repeat(PRINCIPAL_BYTES_MAX - used);
  const { assertion } = await signAssertion(principal, await generateSigningKey(), Date.UTC(2026, 0, 1));
  expect(assertion.length).toBeLessThanOrEqual(ASSERTION_CHARACTERS_MAX);
});
