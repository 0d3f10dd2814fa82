import { randomBytes } from 'node:crypto';

import { exportJWK, generateKeyPair } from 'jose';

import type { SigningKeyPair } from '../domain/signing-key.ts';

const KEY_ID_BYTES = 8;

/** Makes an Ed25519 key pair whose private half never leaves this process: not even this process can export it. */
export async function generateSigningKey(): Promise<SigningKeyPair> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: false });
  const { x = '' } = await exportJWK(publicKey);
  return { keyId: randomBytes(KEY_ID_BYTES).toString('hex'), privateKey, publicKey: Buffer.from(x, 'base64url') };
}
