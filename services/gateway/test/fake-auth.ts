import { AppError } from '@gantry/errors';
import { generateApiKey, type Principal, signAssertion } from '@gantry/identity';
import {
  type AuditEvent,
  AuditServiceDefinition,
  QueryAuditEventsResponse,
} from '@gantry/protocol/gantry/auth/v1/audit_service';
import { AuthServiceDefinition } from '@gantry/protocol/gantry/auth/v1/auth_service';
import { ApiKey, KeyServiceDefinition } from '@gantry/protocol/gantry/auth/v1/key_service';
import { PolicyServiceDefinition, type WatchPolicyResponse } from '@gantry/protocol/gantry/auth/v1/policy_service';
import { bindService, type BoundService, unimplemented } from '@gantry/rpc';
import { type TestAssertions, testPrincipal } from '@gantry/testkit';

import { FakePolicy } from './fake-policy.ts';

type Change = WatchPolicyResponse['change'];

/** What a fake auth knows of a key. */
interface KnownKey {
  readonly principal: Principal;
  state: 'valid' | 'expired' | 'revoked';
}

/** Stands in for auth: keys in memory, assertions signed for real, policy events by hand. */
export class FakeAuth {
  readonly keys = new Map<string, KnownKey>();
  readonly events: AuditEvent[] = [];
  readonly policy = new FakePolicy();
  readonly #assertions: TestAssertions;
  readonly #watchers = new Set<(change: Change) => void>();
  authenticateCount = 0;
  /** What authenticate fails with, when it is to fail. */
  failure: AppError | undefined;
  /** What appending audit events waits for; it fails when this rejects. */
  beforeAppend: (events: readonly AuditEvent[]) => Promise<void> = async () => undefined;

  constructor(assertions: TestAssertions) {
    this.#assertions = assertions;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Makes a key for a principal and returns its secret. */
  addKey(principal: Partial<Principal> = {}, state: KnownKey['state'] = 'valid'): string {
    const { keyId, secret } = generateApiKey();
    this.keys.set(secret, { principal: testPrincipal({ credentialId: keyId, ...principal }), state });
    return secret;
  }

  revoke(secret: string): void {
    const known = this.keys.get(secret);
    if (known === undefined) throw new Error('there is no such key');
    known.state = 'revoked';
    const { credentialId } = known.principal;
    for (const tell of this.#watchers) tell({ $case: 'credentialRevoked', value: { credentialId } });
  }

  /** Changes what the principal of a key may do. */
  permit(secret: string, permissions: readonly string[]): void {
    const known = this.keys.get(secret);
    if (known === undefined) throw new Error('there is no such key');
    this.keys.set(secret, { ...known, principal: { ...known.principal, permissions } });
    const { tenantId } = known.principal;
    for (const tell of this.#watchers) tell({ $case: 'tenantPolicyChanged', value: { tenantId } });
  }

  services(): readonly BoundService[] {
    return [this.#authService(), this.#policyService(), this.#auditService(), this.#keyService()];
  }

  #authService(): BoundService {
    return bindService(
      AuthServiceDefinition,
      {
        authenticate: async ({ credential }) => {
          this.authenticateCount += 1;
          if (this.failure !== undefined) throw this.failure;
          const known = this.keys.get(credential?.value ?? '');
          if (known?.state !== 'valid') throw refusal(known?.state);
          const { signingKey } = this.#assertions;
          const { assertion, expiresAtMs } = await signAssertion(known.principal, signingKey, Date.now());
          const assertionExpiresAt = new Date(expiresAtMs);
          return { principal: known.principal, assertion, assertionExpiresAt, credentialExpiresAt: undefined };
        },
        listSigningKeys: async () => ({ keys: [] }),
      },
      { access: { authenticate: 'anonymous', listSigningKeys: 'anonymous' } },
    );
  }

  #policyService(): BoundService {
    const watch = (signal: AbortSignal) => this.#watch(signal);
    const handlers = {
      ...this.policy.handlers(),
      watchPolicy: (_request: unknown, { signal }: { signal: AbortSignal }) => watch(signal),
    };
    return bindService(PolicyServiceDefinition, handlers, { access: { watchPolicy: 'service' } });
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<WatchPolicyResponse> {
    const changes: Change[] = [{ $case: 'ready', value: {} }];
    let wake = Promise.withResolvers<void>();
    const tell = (change: Change) => {
      changes.push(change);
      wake.resolve();
    };
    this.#watchers.add(tell);
    signal.addEventListener('abort', () => wake.resolve());
    try {
      while (!signal.aborted) {
        for (let change = changes.shift(); change !== undefined; change = changes.shift()) yield { change };
        wake = Promise.withResolvers();
        if (changes.length === 0) await wake.promise;
      }
    } finally {
      this.#watchers.delete(tell);
    }
  }

  #auditService(): BoundService {
    return bindService(
      AuditServiceDefinition,
      {
        ...unimplemented(AuditServiceDefinition),
        appendAuditEvents: async ({ events }) => {
          await this.beforeAppend(events);
          this.events.push(...events);
          return { stored: events.length };
        },
        queryAuditEvents: async () => QueryAuditEventsResponse.create({ events: this.events.slice(0, 1) }),
      },
      { access: { appendAuditEvents: 'service' } },
    );
  }

  #keyService(): BoundService {
    return bindService(KeyServiceDefinition, {
      ...unimplemented(KeyServiceDefinition),
      createApiKey: async ({ name, userId, roles, requestsPerMinute = 60 }) => ({
        key: ApiKey.create({ keyId: 'abc', name, userId, roles, requestsPerMinute, createdAt: new Date(0) }),
        secret: 'gk_secret',
      }),
      listApiKeys: async () => ({ keys: [ApiKey.create({ keyId: 'abc', name: 'one' })] }),
      rotateApiKey: async ({ overlap }) => ({ secret: `gk_rotated_${overlap?.seconds ?? 0n}` }),
      revokeApiKey: async ({ keyId }) => {
        if (keyId === 'missing')
          throw new AppError({ code: 'NOT_FOUND', reason: 'API_KEY_NOT_FOUND', message: 'there is no such key' });
        return {};
      },
    });
  }
}

function refusal(state: KnownKey['state'] | undefined): AppError {
  const reason = { expired: 'CREDENTIAL_EXPIRED', revoked: 'CREDENTIAL_REVOKED', valid: '' }[state ?? 'valid'];
  return new AppError({
    code: 'UNAUTHENTICATED',
    reason: reason || 'CREDENTIAL_INVALID',
    message: 'the API key cannot be used; ask for a new one',
  });
}
