import type { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import type { Handlers } from '@gantry/rpc';

import type { Authenticated } from '../domain/authenticate.ts';
import type { PublishedKey } from '../domain/signing-key.ts';
import { accessTokensUnimplemented } from '../errors.ts';
import type { AuthMetrics } from '../metrics.ts';
import { requireValid } from './field-checks.ts';
import { authenticatedToProto, signingKeyToProto } from './to-proto.ts';

/** What the handlers of AuthService need. */
export interface AuthHandlersOptions {
  readonly authenticate: (apiKey: string) => Promise<Authenticated>;
  readonly listPublishedKeys: () => Promise<readonly PublishedKey[]>;
  readonly metrics: AuthMetrics;
}

export function createAuthHandlers(options: AuthHandlersOptions): Handlers<AuthServiceDefinition> {
  const { authenticate, listPublishedKeys, metrics } = options;
  return {
    async authenticate({ credential }) {
      if (credential?.$case === 'accessToken') throw accessTokensUnimplemented();
      requireValid([['credential', credential !== undefined, 'must be an API key']]);
      return authenticatedToProto(await metrics.observeAuthentication(() => authenticate(credential?.value ?? '')));
    },

    async listSigningKeys() {
      return { keys: (await listPublishedKeys()).map(signingKeyToProto) };
    },
  };
}
