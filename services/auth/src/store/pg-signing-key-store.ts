import { type Pool, query } from '@gantry/postgres';

import type { SigningKeyStore } from '../domain/ports.ts';

interface SigningKeyRow {
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  readonly expiresAt: Date;
}

const LIST = `
  select key_id as "keyId", public_key as "publicKey", expires_at as "expiresAt"
  from auth.signing_keys where expires_at > $1 order by created_at desc, key_id limit $2`;

const PURGE = `
  delete from auth.signing_keys where key_id in (
    select key_id from auth.signing_keys where expires_at < $1 order by expires_at limit $2
  )`;

/** Creates the store of the public keys of all replicas. */
export function createPgSigningKeyStore(pool: Pool): SigningKeyStore {
  return {
    async publish({ keyId, publicKey, expiresAtMs }, nowMs) {
      await query(
        pool,
        'insert into auth.signing_keys (key_id, public_key, created_at, expires_at) values ($1, $2, $3, $4)',
        [keyId, publicKey, new Date(nowMs), new Date(expiresAtMs)],
      );
    },

    async list(nowMs, limit) {
      const { rows } = await query<SigningKeyRow>(pool, LIST, [new Date(nowMs), limit]);
      return rows.map(({ expiresAt, ...key }) => ({ ...key, expiresAtMs: expiresAt.getTime() }));
    },

    async retire(keyId, expiresAtMs) {
      await query(pool, 'update auth.signing_keys set expires_at = least(expires_at, $2) where key_id = $1', [
        keyId,
        new Date(expiresAtMs),
      ]);
    },

    async purge(beforeMs, limit) {
      await query(pool, PURGE, [new Date(beforeMs), limit]);
    },
  };
}
