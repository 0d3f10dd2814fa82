import { type AuditEvent, AuditOutcome } from '@gantry/protocol/gantry/auth/v1/audit_service';

import type { AuditClient } from '../clients/backends.ts';
import { type Methods, needs } from './method.ts';

/** AuditService's limit of one answer. */
const LIMIT_RANGE = { min: 1, max: 1_000 };

const outcomeByName = {
  success: AuditOutcome.AUDIT_OUTCOME_SUCCESS,
  denied: AuditOutcome.AUDIT_OUTCOME_DENIED,
  failure: AuditOutcome.AUDIT_OUTCOME_FAILURE,
} as const;

const nameByOutcome: ReadonlyMap<AuditOutcome, string> = new Map(
  Object.entries(outcomeByName).map(([name, outcome]) => [outcome, name]),
);

/** Creates `audit/*`. */
export function createAuditMethods(audit: Pick<AuditClient, 'queryAuditEvents'>): Methods {
  return {
    'audit/query': {
      permission: needs('audit', 'read'),
      async handle(params, { options }) {
        const outcome = params.optionalChoice('outcome', ['success', 'denied', 'failure'] as const);
        const request = {
          before: params.optionalTime('before'),
          limit: params.optionalInteger('limit', LIMIT_RANGE) ?? 0,
          method: params.optionalText('method') ?? '',
          outcome: outcome === undefined ? AuditOutcome.AUDIT_OUTCOME_UNSPECIFIED : outcomeByName[outcome],
        };
        const { events } = await audit.queryAuditEvents(request, options);
        return JSON.stringify({ events: events.map(toEvent) });
      },
    },
  };
}

function toEvent(event: AuditEvent) {
  return {
    event_id: event.eventId,
    occurred_at: event.occurredAt?.toISOString() ?? null,
    user: event.userId,
    credential: event.credentialId,
    method: event.method,
    target: event.target,
    outcome: nameByOutcome.get(event.outcome) ?? 'failure',
    reason: event.reason,
    params_sha256: Buffer.from(event.paramsSha256).toString('hex'),
    duration_micros: Number(event.durationMicros),
    trace_id: event.traceId,
    request_id: event.requestId,
    transport: event.transport,
    client_address: event.clientAddress,
  };
}
