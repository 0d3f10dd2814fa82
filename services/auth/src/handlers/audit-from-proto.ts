import {
  AppendAuditEventsRequest,
  AuditEvent as ProtoAuditEvent,
  AuditOutcome as ProtoOutcome,
  type QueryAuditEventsRequest,
} from '@gantry/protocol/gantry/auth/v1/audit_service';
import { requestMalformed } from '@gantry/rpc';

import type { AuditBatch } from '../domain/audit-batch.ts';
import {
  AUDIT_EVENT_BYTES_MAX,
  AUDIT_EVENTS_LISTED_DEFAULT,
  AUDIT_EVENTS_LISTED_MAX,
  AUDIT_EVENTS_PER_BATCH_MAX,
  type AuditQuery,
} from '../domain/audit-event.ts';
import {
  DURATION_MICROS_MAX,
  OCCURRED_AT_MAX_MS,
  OCCURRED_AT_MIN_MS,
  outcomeByProto,
  SHA256_BYTES,
} from './audit-limits.ts';
import { type FieldCheck, isPrintable, requireValid } from './field-checks.ts';
import { scanAuditEvents } from './scan-audit-events.ts';

const METHOD_CHARACTERS_MAX = 2_048;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TRACE_ID = /^([0-9a-f]{32})?$/;

/**
 * Returns the events of an encoded AppendAuditEventsRequest.
 *
 * @throws {AppError} REQUEST_MALFORMED, AUTH_REQUEST_INVALID.
 */
export function auditBatchFromProto(bytes: Uint8Array): AuditBatch {
  return scanAuditEvents(bytes) ?? explain(bytes);
}

/** Says what is wrong with a request, or writes it again in the usual way when nothing is. */
function explain(bytes: Uint8Array): AuditBatch {
  const { events } = decode(bytes);
  const isSizeValid = events.length <= AUDIT_EVENTS_PER_BATCH_MAX;
  requireValid([['events', isSizeValid, `must be at most ${AUDIT_EVENTS_PER_BATCH_MAX}; send several batches`]]);
  for (const [index, event] of events.entries()) requireValid(auditEventChecks(`events[${index}]`, event));
  const batch = scanAuditEvents(AppendAuditEventsRequest.encode({ events: events.map(toStorable) }).finish());
  if (batch === undefined) throw new Error('an audit event is good for one reader and bad for the other');
  return batch;
}

function decode(bytes: Uint8Array): AppendAuditEventsRequest {
  try {
    return AppendAuditEventsRequest.decode(bytes);
  } catch (cause) {
    throw requestMalformed(cause);
  }
}

/**
 * Replaces what Postgres cannot store. Methods and targets come from outside, and one hostile character must not keep the
 * events of everybody else in the batch from being recorded.
 */
function toStorable(event: ProtoAuditEvent): ProtoAuditEvent {
  const texts = Object.entries(event).filter(([, value]) => typeof value === 'string' && value.includes('\0'));
  return { ...event, ...Object.fromEntries(texts.map(([name, text]) => [name, text.replaceAll('\0', '\uFFFD')])) };
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
