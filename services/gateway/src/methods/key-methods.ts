import type { ApiKey } from '@gantry/protocol/gantry/auth/v1/key_service';

import type { KeyClient } from '../clients/backends.ts';
import { backendBrokeContract } from '../errors.ts';
import { type Methods, needs } from './method.ts';
import type { Params } from './params.ts';

const NANOS_PER_SECOND = 1_000_000_000;

/** Creates `keys/*`. */
export function createKeyMethods(keys: KeyClient): Methods {
  const writing = needs('keys', 'write');
  return {
    'keys/create': {
      permission: writing,
      async handle(params, { options }) {
        const request = {
          name: params.text('name'),
          userId: params.optionalText('user') ?? '',
          roles: params.optionalTexts('roles') ?? [],
          lifetime: optionalDuration(params, 'lifetime_seconds'),
          requestsPerMinute: params.optionalInteger('requests_per_minute'),
        };
        const { key, secret } = await keys.createApiKey(request, options);
        if (key === undefined) throw backendBrokeContract('auth', 'CreateApiKey answered without a key');
        return JSON.stringify({ key: toKey(key), secret });
      },
    },
    'keys/list': {
      permission: needs('keys', 'read'),
      async handle(_params, { options }) {
        const listed = await keys.listApiKeys({}, options);
        return JSON.stringify({ keys: listed.keys.map(toKey) });
      },
    },
    'keys/revoke': {
      permission: writing,
      targetParam: 'key_id',
      async handle(params, { options }) {
        const keyId = params.text('key_id');
        await keys.revokeApiKey({ keyId }, options);
        return JSON.stringify({ key_id: keyId, revoked: true });
      },
    },
    'keys/rotate': {
      permission: writing,
      targetParam: 'key_id',
      async handle(params, { options }) {
        const keyId = params.text('key_id');
        const overlap = optionalDuration(params, 'overlap_seconds');
        const { secret } = await keys.rotateApiKey({ keyId, overlap }, options);
        return JSON.stringify({ key_id: keyId, secret });
      },
    },
  };
}

function optionalDuration(params: Params, name: string) {
  const given = params.optionalSeconds(name);
  if (given === undefined) return undefined;
  const seconds = Math.trunc(given);
  return { seconds: BigInt(seconds), nanos: Math.round((given - seconds) * NANOS_PER_SECOND) };
}

function toKey(key: ApiKey) {
  return {
    key_id: key.keyId,
    name: key.name,
    user: key.userId,
    roles: key.roles,
    requests_per_minute: key.requestsPerMinute,
    created_at: key.createdAt?.toISOString() ?? null,
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}
