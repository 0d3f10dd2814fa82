import {
  type AuditEvent as ProtoAuditEvent,
  AuditOutcome as ProtoOutcome,
} from '@gantry/protocol/gantry/auth/v1/audit_service';
import type { AuthenticateResponse, SigningKey } from '@gantry/protocol/gantry/auth/v1/auth_service';
import type { ApiKey as ProtoApiKey } from '@gantry/protocol/gantry/auth/v1/key_service';
import type { WatchPolicyResponse } from '@gantry/protocol/gantry/auth/v1/policy_service';

import type { ApiKey } from '../domain/api-key.ts';
import type { AuditEvent, AuditOutcome } from '../domain/audit-event.ts';
import type { Authenticated } from '../domain/authenticate.ts';
import type { StoredPolicyEvent } from '../domain/policy-event.ts';
import type { PublishedKey } from '../domain/signing-key.ts';

export function authenticatedToProto(authenticated: Authenticated): AuthenticateResponse {
  return {
    principal: authenticated.principal,
    assertion: authenticated.assertion,
    assertionExpiresAt: new Date(authenticated.expiresAtMs),
    credentialExpiresAt: toDate(authenticated.credentialExpiresAtMs),
  };
}

export function signingKeyToProto({ keyId, publicKey, expiresAtMs }: PublishedKey): SigningKey {
  return { keyId, publicKey, expiresAt: new Date(expiresAtMs) };
}

export function apiKeyToProto({ createdAtMs, expiresAtMs, revokedAtMs, ...rest }: ApiKey): ProtoApiKey {
  return { ...rest, createdAt: new Date(createdAtMs), expiresAt: toDate(expiresAtMs), revokedAt: toDate(revokedAtMs) };
}

export const policyReady: WatchPolicyResponse = { change: { $case: 'ready', value: {} } };

export function policyEventToProto({ tenantId, event }: StoredPolicyEvent): WatchPolicyResponse {
  switch (event.kind) {
    case 'credential_revoked':
      return { change: { $case: 'credentialRevoked', value: { credentialId: event.credentialId } } };
    case 'tenant_policy_changed':
      return { change: { $case: 'tenantPolicyChanged', value: { tenantId } } };
  }
}

const protoByOutcome = {
  success: ProtoOutcome.AUDIT_OUTCOME_SUCCESS,
  denied: ProtoOutcome.AUDIT_OUTCOME_DENIED,
  failure: ProtoOutcome.AUDIT_OUTCOME_FAILURE,
} as const satisfies Record<AuditOutcome, ProtoOutcome>;

export function auditEventToProto({ occurredAtMs, outcome, ...rest }: AuditEvent): ProtoAuditEvent {
  return { ...rest, occurredAt: new Date(occurredAtMs), outcome: protoByOutcome[outcome] };
}

function toDate(epochMs: number | undefined): Date | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs);
}
