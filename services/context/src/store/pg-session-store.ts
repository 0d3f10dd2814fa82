import { query, withTransaction, type Pool, type PoolClient } from '@gantry/postgres';

import type { Appended, SessionStore } from '../domain/ports.ts';
import {
  keptCount,
  SESSION_IDLE_MS,
  type SessionEntry,
  type SessionKey,
  SESSIONS_PER_USER_MAX,
  type SessionWindow,
} from '../domain/session.ts';
import { retryConflicts } from './retry-conflicts.ts';
import * as sql from './session-sql.ts';

type SessionColumns = readonly [tenantId: string, userId: string, sessionId: string];

/** Limits a test may lower, to reach them. */
export interface SessionStoreLimits {
  readonly sessionsPerUserMax?: number;
}

/** Keeps the context windows of sessions in PostgreSQL. */
export class PgSessionStore implements SessionStore {
  readonly #pool: Pool;
  readonly #sessionsPerUserMax: number;

  constructor(pool: Pool, { sessionsPerUserMax = SESSIONS_PER_USER_MAX }: SessionStoreLimits = {}) {
    this.#pool = pool;
    this.#sessionsPerUserMax = sessionsPerUserMax;
  }

  async append(session: SessionKey, entries: readonly SessionEntry[], nowMs: number): Promise<Appended> {
    return retryConflicts(() =>
      withTransaction(this.#pool, async (client) => {
        const { lastPosition, isNew } = await lockSession(client, session, nowMs);
        if (isNew) await this.#makeRoom(client, session);
        const position = await insertEntries(client, columnsOf(session), { entries, lastPosition, nowMs });
        return trim(client, columnsOf(session), position);
      }),
    );
  }

  async read(session: SessionKey, nowMs: number): Promise<SessionWindow> {
    const values = [...columnsOf(session), idleSince(nowMs)];
    type Row = SessionWindow['entries'][number];
    const { rows: entries } = await query<Row & Record<string, unknown>>(this.#pool, sql.readEntries, values);
    return { entries, contentBytes: entries.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0) };
  }

  async delete(session: SessionKey): Promise<void> {
    await query(this.#pool, sql.deleteSession, columnsOf(session));
  }

  async purge(nowMs: number, limit: number): Promise<number> {
    const { rowCount } = await query(this.#pool, sql.purgeIdle, [idleSince(nowMs), limit]);
    return rowCount ?? 0;
  }

  async #makeRoom(client: PoolClient, session: SessionKey): Promise<void> {
    await client.query(sql.lockUser, [`gantry.context.user:${session.tenantId}\u001f${session.userId}`]);
    await client.query(sql.dropBeyondCap, [...columnsOf(session), this.#sessionsPerUserMax - 1]);
  }
}

async function lockSession(client: PoolClient, session: SessionKey, nowMs: number) {
  const columns = columnsOf(session);
  await client.query(sql.dropIdle, [...columns, idleSince(nowMs)]);
  const { rows } = await client.query<{ lastPosition: string; isNew: boolean }>(sql.lockSession, [
    ...columns,
    toIso(nowMs),
  ]);
  return { lastPosition: Number(rows[0]?.lastPosition ?? 0), isNew: rows[0]?.isNew === true };
}

interface NewEntries {
  readonly entries: readonly SessionEntry[];
  readonly lastPosition: number;
  readonly nowMs: number;
}

/** Returns the last position that is taken. */
async function insertEntries(client: PoolClient, session: SessionColumns, added: NewEntries): Promise<number> {
  const { entries, lastPosition, nowMs } = added;
  await client.query(sql.insertEntries, [
    ...session,
    lastPosition,
    toIso(nowMs),
    entries.map(({ entryId }) => entryId),
    entries.map(({ role }) => role),
    entries.map(({ content }) => content),
  ]);
  return lastPosition + entries.length;
}

async function trim(client: PoolClient, session: SessionColumns, lastPosition: number): Promise<Appended> {
  const { rows } = await client.query<{ position: string; bytes: number }>(sql.readSizes, [...session]);
  const sizes = rows.map(({ bytes }) => bytes);
  const trimmedCount = sizes.length - keptCount(sizes);
  const kept = rows.slice(trimmedCount);
  if (trimmedCount > 0) await client.query(sql.trimEntries, [...session, kept[0]?.position ?? lastPosition + 1]);
  const contentBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  await client.query(sql.updateCounts, [...session, kept.length, contentBytes, lastPosition]);
  return { entryCount: kept.length, contentBytes, trimmedCount };
}

function columnsOf({ tenantId, userId, sessionId }: SessionKey): SessionColumns {
  return [tenantId, userId, sessionId];
}

function idleSince(nowMs: number): string {
  return toIso(nowMs - SESSION_IDLE_MS);
}

function toIso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
