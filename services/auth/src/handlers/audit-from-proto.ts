import {
  AuditEvent as ProtoAuditEvent,
  AuditOutcome as ProtoOutcome,
  type AppendAuditEventsRequest,
  type QueryAuditEventsRequest,
} from '@gantry/protocol/gantry/auth/v1/audit_service';

import {
  AUDIT_EVENT_BYTES_MAX,
  AUDIT_EVENTS_LISTED_DEFAULT,
  AUDIT_EVENTS_LISTED_MAX,
  AUDIT_EVENTS_PER_BATCH_MAX,
  type AuditEvent,
  type AuditOutcome,
  type AuditQuery,
} from '../domain/audit-event.ts';
import { type FieldCheck, isPrintable, requireValid } from './field-checks.ts';

const SHA256_BYTES = 32;
const METHOD_CHARACTERS_MAX = 2_048;
/** Postgres counts microseconds in a signed 64-bit number. */
const DURATION_MICROS_MAX = 2n ** 63n - 1n;
/** Nothing happened before there was a clock to say so; later years do not fit into google.protobuf.Timestamp. */
const OCCURRED_AT_MIN_MS = Date.UTC(1970, 0, 1);
const OCCURRED_AT_MAX_MS = Date.UTC(9999, 11, 31);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TRACE_ID = /^([0-9a-f]{32})?$/;

const outcomeByProto: Readonly<Record<number, AuditOutcome | undefined>> = {
  [ProtoOutcome.AUDIT_OUTCOME_SUCCESS]: 'success',
  [ProtoOutcome.AUDIT_OUTCOME_DENIED]: 'denied',
  [ProtoOutcome.AUDIT_OUTCOME_FAILURE]: 'failure',
};

export function auditEventsFromProto({ events }: AppendAuditEventsRequest): readonly AuditEvent[] {
  const isSizeValid = events.length <= AUDIT_EVENTS_PER_BATCH_MAX;
  requireValid([['events', isSizeValid, `must be at most ${AUDIT_EVENTS_PER_BATCH_MAX}; send several batches`]]);
  return events.map(auditEventFromProto);
}

function auditEventFromProto(event: ProtoAuditEvent, index: number): AuditEvent {
  const { occurredAt, outcome: protoOutcome, ...rest } = event;
  const occurredAtMs = occurredAt?.getTime() ?? Number.NaN;
  const outcome = outcomeByProto[protoOutcome];
  requireValid(auditEventChecks(`events[${index}]`, event));
  // The checks have refused an unknown outcome; this is for the compiler.
  if (outcome === undefined) throw new Error('an audit event has no outcome');
  return { ...rest, occurredAtMs, outcome };
}

function auditEventChecks(at: string, event: ProtoAuditEvent): readonly FieldCheck[] {
  const occurredAtMs = event.occurredAt?.getTime() ?? Number.NaN;
  const isHash = event.paramsSha256.length === 0 || event.paramsSha256.length === SHA256_BYTES;
  return [
    [at, encodedBytes(event) <= AUDIT_EVENT_BYTES_MAX, `must have at most ${AUDIT_EVENT_BYTES_MAX} bytes encoded`],
    [`${at}.event_id`, UUID.test(event.eventId), 'must be a UUID'],
    [
      `${at}.occurred_at`,
      occurredAtMs >= OCCURRED_AT_MIN_MS && occurredAtMs <= OCCURRED_AT_MAX_MS,
      'must be a moment between 1970 and 9999',
    ],
    [`${at}.outcome`, outcomeByProto[event.outcome] !== undefined, 'must say how it ended'],
    [`${at}.params_sha256`, isHash, `must be ${SHA256_BYTES} bytes, or empty`],
    [`${at}.duration_micros`, event.durationMicros <= DURATION_MICROS_MAX, 'must be below 2^63'],
    [`${at}.trace_id`, TRACE_ID.test(event.traceId), 'must be 32 lower-case hex digits, or empty'],
  ];
}

function encodedBytes(event: ProtoAuditEvent): number {
  return ProtoAuditEvent.encode(event).finish().length;
}

export function auditQueryFromProto(request: QueryAuditEventsRequest, tenantId: string): AuditQuery {
  const { before, limit, method, outcome } = request;
  const beforeMs = before?.getTime();
  const isOutcomeValid = outcome === ProtoOutcome.AUDIT_OUTCOME_UNSPECIFIED || outcomeByProto[outcome] !== undefined;
  const isBeforeValid = beforeMs === undefined || Math.abs(beforeMs) <= OCCURRED_AT_MAX_MS;
  requireValid([
    ['before', isBeforeValid, 'must be a moment before the year 10000'],
    ['limit', limit <= AUDIT_EVENTS_LISTED_MAX, `must be at most ${AUDIT_EVENTS_LISTED_MAX}`],
    ['method', method === '' || isPrintable(method, METHOD_CHARACTERS_MAX), 'must be the name of a method, or empty'],
    ['outcome', isOutcomeValid, 'must be one of the published outcomes'],
  ]);
  return {
    tenantId,
    beforeMs,
    limit: limit === 0 ? AUDIT_EVENTS_LISTED_DEFAULT : limit,
    method: method === '' ? undefined : method,
    outcome: outcomeByProto[outcome],
  };
}
