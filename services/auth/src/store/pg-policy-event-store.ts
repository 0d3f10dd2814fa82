import { type Pool, type PoolClient, query } from '@gantry/postgres';

import type { PolicyEvent, StoredPolicyEvent } from '../domain/policy-event.ts';
import type { PolicyEventStore } from '../domain/ports.ts';

interface EventRow {
  /** A bigint, which pg returns as text. */
  readonly id: string;
  readonly kind: PolicyEvent['kind'];
  readonly tenantId: string;
  readonly credentialId: string;
}

const LIST_AFTER = `
  select id, kind, tenant_id as "tenantId", credential_id as "credentialId"
  from auth.policy_events where id > $1 order by id limit $2`;

const PURGE = `
  delete from auth.policy_events where id in (
    select id from auth.policy_events where occurred_at < $1 order by id limit $2
  )`;

/** Creates the reader of announced changes. */
export function createPgPolicyEventStore(pool: Pool): PolicyEventStore {
  return {
    async latestId() {
      const { rows } = await query<{ id: string }>(pool, 'select coalesce(max(id), 0) as id from auth.policy_events');
      return BigInt(rows[0]?.id ?? 0);
    },

    async listAfter(id, limit) {
      const { rows } = await query<EventRow>(pool, LIST_AFTER, [id, limit]);
      return rows.map(toStoredEvent);
    },

    async purge(beforeMs, limit) {
      await query(pool, PURGE, [new Date(beforeMs), limit]);
    },
  };
}

/**
 * Writes announced changes in the transaction that makes them. The lock is held until the commit: without it a transaction
 * could take an id first and commit last, after readers have gone past its id.
 */
export async function insertPolicyEvents(
  client: PoolClient,
  tenantId: string,
  events: readonly PolicyEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await client.query('lock table auth.policy_events in share row exclusive mode');
  for (const event of events) {
    const credentialId = event.kind === 'credential_revoked' ? event.credentialId : '';
    await client.query(
      `insert into auth.policy_events (kind, tenant_id, credential_id, occurred_at) values ($1, $2, $3, now())`,
      [event.kind, tenantId, credentialId],
    );
  }
}

function toStoredEvent({ id, kind, tenantId, credentialId }: EventRow): StoredPolicyEvent {
  const event: PolicyEvent = kind === 'credential_revoked' ? { kind, credentialId } : { kind };
  return { id: BigInt(id), tenantId, event };
}
