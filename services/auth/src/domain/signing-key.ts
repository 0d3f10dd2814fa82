import type { SigningKey } from '@gantry/identity';

/** A public key as every replica reads it. */
export interface PublishedKey {
  readonly keyId: string;
  /** Raw Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** When assertions signed by it stop being accepted. */
  readonly expiresAtMs: number;
}

/** A key pair of this replica. Its private key cannot be exported. */
export interface SigningKeyPair extends SigningKey {
  readonly publicKey: Uint8Array;
}

/** Makes a new key pair. */
export type GenerateSigningKey = () => Promise<SigningKeyPair>;
