import { type Pool, query } from '@gantry/postgres';

import type { AuditEvent, AuditOutcome } from '../domain/audit-event.ts';
import type { AuditStore } from '../domain/ports.ts';

interface AuditRow extends Omit<AuditEvent, 'occurredAtMs' | 'durationMicros'> {
  readonly occurredAt: Date;
  /** A bigint, which pg returns as text. */
  readonly durationMicros: string;
}

// One statement for a whole batch: one round trip, one commit.
const APPEND = `
  insert into auth.audit_events
    (tenant_id, event_id, occurred_at, user_id, credential_id, method, target, outcome, reason, params_sha256,
     duration_micros, trace_id, request_id, transport, client_address)
  select * from unnest(
    $1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::bytea[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::text[])
  on conflict do nothing`;

const LIST = `
  select tenant_id as "tenantId", event_id as "eventId", occurred_at as "occurredAt", user_id as "userId",
    credential_id as "credentialId", method, target, outcome, reason, params_sha256 as "paramsSha256",
    duration_micros as "durationMicros", trace_id as "traceId", request_id as "requestId", transport,
    client_address as "clientAddress"
  from auth.audit_events
  where tenant_id = $1
    and ($2::timestamptz is null or occurred_at < $2)
    and ($3::text is null or method = $3)
    and ($4::text is null or outcome = $4)
  order by occurred_at desc, event_id desc
  limit $5`;

/** Creates the store of audit events. */
export function createPgAuditStore(pool: Pool): AuditStore {
  return {
    async append(events) {
      if (events.length === 0) return;
      await query(pool, APPEND, toColumns(events));
    },

    async list({ tenantId, beforeMs, method, outcome, limit }) {
      const before = beforeMs === undefined ? null : new Date(beforeMs);
      const { rows } = await query<AuditRow>(pool, LIST, [tenantId, before, method ?? null, outcome ?? null, limit]);
      return rows.map(toAuditEvent);
    },
  };
}

function toColumns(events: readonly AuditEvent[]): readonly unknown[] {
  const text = (read: (event: AuditEvent) => string) => events.map((event) => storable(read(event)));
  return [
    text((event) => event.tenantId),
    text((event) => event.eventId),
    events.map((event) => new Date(event.occurredAtMs).toISOString()),
    text((event) => event.userId),
    text((event) => event.credentialId),
    text((event) => event.method),
    text((event) => event.target),
    events.map((event): AuditOutcome => event.outcome),
    text((event) => event.reason),
    events.map((event) => Buffer.from(event.paramsSha256)),
    events.map((event) => event.durationMicros.toString()),
    text((event) => event.traceId),
    text((event) => event.requestId),
    text((event) => event.transport),
    text((event) => event.clientAddress),
  ];
}

/**
 * Replaces what Postgres cannot store. Methods and targets come from outside, and one hostile character must not keep the
 * events of everybody else in the batch from being recorded.
 */
function storable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}

function toAuditEvent({ occurredAt, durationMicros, ...rest }: AuditRow): AuditEvent {
  return { ...rest, occurredAtMs: occurredAt.getTime(), durationMicros: BigInt(durationMicros) };
}
