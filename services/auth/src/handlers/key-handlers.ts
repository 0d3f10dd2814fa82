import { requirePermission } from '@gantry/identity';
import { KeyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/key_service';
import { type Handlers, unimplemented } from '@gantry/rpc';

import { API_KEYS_LISTED_MAX } from '../domain/api-key.ts';
import { createApiKey } from '../domain/create-api-key.ts';
import type { Clock, PolicyStore } from '../domain/ports.ts';
import { revokeApiKey } from '../domain/revoke-api-key.ts';
import { rotateApiKey } from '../domain/rotate-api-key.ts';
import { keyIdFromProto, newApiKeyFromProto, rotationFromProto } from './key-from-proto.ts';
import { apiKeyToProto } from './to-proto.ts';

/** What the handlers of KeyService need. */
export interface KeyHandlersOptions {
  readonly policy: PolicyStore;
  readonly clock: Clock;
  readonly defaultRequestsPerMinute: number;
}

export function createKeyHandlers(options: KeyHandlersOptions): Handlers<KeyServiceDefinition> {
  const { policy } = options;
  return {
    async createApiKey(request, { principal }) {
      requirePermission(principal, 'keys', 'write');
      const { key, secret } = await createApiKey(options, principal, newApiKeyFromProto(request));
      return { key: apiKeyToProto(key), secret };
    },

    async listApiKeys(_request, { principal }) {
      requirePermission(principal, 'keys', 'read');
      const keys = await policy.listApiKeys(principal.tenantId, API_KEYS_LISTED_MAX);
      return { keys: keys.map(apiKeyToProto) };
    },

    async rotateApiKey(request, { principal }) {
      requirePermission(principal, 'keys', 'write');
      return { secret: await rotateApiKey(options, principal, rotationFromProto(request)) };
    },

    async revokeApiKey({ keyId }, { principal }) {
      requirePermission(principal, 'keys', 'write');
      await revokeApiKey(options, principal, keyIdFromProto(keyId));
      return {};
    },

    rotateDataKey: unimplemented(KeyServiceDefinition).rotateDataKey,
  };
}
