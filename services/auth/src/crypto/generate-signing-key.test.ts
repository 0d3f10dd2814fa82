import { exportJWK } from 'jose';
import { expect, test } from 'vitest';

import { generateSigningKey } from './generate-signing-key.ts';

test('a signing key is a new one each time, with a public key of 32 bytes', async () => {
  const [a, b] = [await generateSigningKey(), await generateSigningKey()];
  expect(a.publicKey).toHaveLength(32);
  expect(a.keyId).toMatch(/^[0-9a-f]{16}$/);
  expect(b.keyId).not.toBe(a.keyId);
  expect(b.publicKey).not.toEqual(a.publicKey);
});

test('its private key cannot be read, not even by this process', async () => {
  const { privateKey } = await generateSigningKey();
  await expect(exportJWK(privateKey)).rejects.toThrow('non-extractable');
});
