import { copyIn, isSqlState, type Pool, query, withClient, withTransaction } from '@gantry/postgres';

import type { AuditEvent } from '../domain/audit-event.ts';
import type { AuditStore } from '../domain/ports.ts';
import { AUDIT_COLUMNS, auditRowsBytesMax, toAuditRows } from './audit-rows.ts';
import { SpareBuffers } from './spare-buffers.ts';

interface AuditRow extends Omit<AuditEvent, 'occurredAtMs' | 'durationMicros'> {
  readonly occurredAt: Date;
  /** A bigint, which pg returns as text. */
  readonly durationMicros: string;
}

// One statement for a whole batch: one commit. COPY costs Postgres a third of an insert of as many rows.
const APPEND = `copy auth.audit_events (${AUDIT_COLUMNS}) from stdin (format binary)`;

// COPY knows no "on conflict". When some of the events are stored already, all go into a table of this transaction first.
const CREATE_STAGE = 'create temporary table audit_stage (like auth.audit_events) on commit drop';
const FILL_STAGE = `copy pg_temp.audit_stage (${AUDIT_COLUMNS}) from stdin (format binary)`;
const APPEND_MISSING = `
  insert into auth.audit_events (${AUDIT_COLUMNS})
  select ${AUDIT_COLUMNS} from pg_temp.audit_stage
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

/** What the store works with. */
export interface PgAuditStoreOptions {
  /** Reads. */
  readonly pool: Pool;
  /** Appends, as many at a time as it has connections. */
  readonly appendPool: Pool;
}

/** Creates the store of audit events. */
export function createPgAuditStore({ pool, appendPool }: PgAuditStoreOptions): AuditStore {
  const buffers = new SpareBuffers();
  return {
    async append(batch) {
      if (batch.size === 0) return;
      const buffer = buffers.take(auditRowsBytesMax(batch));
      const rows = toAuditRows(batch, buffer);
      if (await appendNew(appendPool, rows)) buffers.giveBack(buffer);
      else await appendMissing(appendPool, rows);
    },

    async list({ tenantId, beforeMs, method, outcome, limit }) {
      const before = beforeMs === undefined ? null : new Date(beforeMs);
      const { rows } = await query<AuditRow>(pool, LIST, [tenantId, before, method ?? null, outcome ?? null, limit]);
      return rows.map(toAuditEvent);
    },
  };
}

/** Stores rows; returns false, and stores none, when some of them are stored already. */
async function appendNew(pool: Pool, rows: Buffer): Promise<boolean> {
  try {
    await withClient(pool, (client) => copyIn(client, APPEND, rows));
    return true;
  } catch (error) {
    if (isSqlState(error, 'UNIQUE_VIOLATION')) return false;
    throw error;
  }
}

/** Stores those rows that are not stored yet: the answer to an earlier call was lost, so the batch was sent again. */
function appendMissing(pool: Pool, rows: Buffer): Promise<void> {
  return withTransaction(pool, async (client) => {
    await client.query(CREATE_STAGE);
    await copyIn(client, FILL_STAGE, rows);
    await client.query(APPEND_MISSING);
  });
}

function toAuditEvent({ occurredAt, durationMicros, ...rest }: AuditRow): AuditEvent {
  return { ...rest, occurredAtMs: occurredAt.getTime(), durationMicros: BigInt(durationMicros) };
}
