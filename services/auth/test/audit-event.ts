import { randomUUID } from 'node:crypto';

import { type AuditEvent, AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';

/** An audit event as a gateway makes it of a tool call. */
export function auditEvent(more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    eventId: randomUUID(),
    occurredAt: new Date(0),
    tenantId: 'default',
    userId: 'ann',
    credentialId: '0123456789abcdef',
    method: 'tools/execute',
    target: 'echo',
    outcome: AuditOutcome.AUDIT_OUTCOME_SUCCESS,
    reason: '',
    paramsSha256: new Uint8Array(32).fill(7),
    durationMicros: 1_234n,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    requestId: 'r-1',
    transport: 'http',
    clientAddress: '192.0.2.1',
    ...more,
  };
}
