import { expect, test } from 'vitest';

import { apiKeyIdOf, generateApiKey, hashApiKey, matchesApiKeyHash } from './api-key.ts';

test('a new key carries its id, and matches its own hash only', () => {
  const a = generateApiKey();
  const b = generateApiKey();
  expect(apiKeyIdOf(a.secret)).toBe(a.keyId);
  expect(a.secret).not.toBe(b.secret);
  expect(matchesApiKeyHash(a.secret, hashApiKey(a.secret))).toBe(true);
  expect(matchesApiKeyHash(a.secret, hashApiKey(b.secret))).toBe(false);
  expect(matchesApiKeyHash(a.secret, new Uint8Array(0))).toBe(false);
});

test('a rotated key keeps its id and has another secret', () => {
  const first = generateApiKey();
  const second = generateApiKey(first.keyId);
  expect(second.keyId).toBe(first.keyId);
  expect(second.secret).not.toBe(first.secret);
});

test.each(['', 'gk_', 'gk_0123456789abcdef_short', `gk_XYZ3456789abcdef_${'a'.repeat(43)}`, `x${'a'.repeat(5_000)}`])(
  'a text that is no key has no id: %j',
  (text) => expect(apiKeyIdOf(text)).toBeUndefined(),
);
