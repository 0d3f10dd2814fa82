/** The statements of PgSessionStore. The first three parameters always name the session: tenant, user, id. */

const isSession = 'tenant_id = $1 AND user_id = $2 AND session_id = $3';

/** Drops a window that was idle for too long, so that what is appended next starts a new one. */
export const dropIdle = `DELETE FROM context.sessions WHERE ${isSession} AND appended_at < $4::timestamptz`;

/** Makes the session if need be and locks it: appends to one session go one after the other. */
export const lockSession = `
  INSERT INTO context.sessions AS stored
    (tenant_id, user_id, session_id, entry_count, content_bytes, last_position, appended_at)
  VALUES ($1, $2, $3, 0, 0, 0, $4::timestamptz)
  ON CONFLICT (tenant_id, user_id, session_id) DO UPDATE
  SET appended_at = greatest(stored.appended_at, excluded.appended_at)
  RETURNING last_position AS "lastPosition", xmax = 0 AS "isNew"`;

/** New sessions of one user are counted one after the other, or two replicas would both find room for the last one. */
export const lockUser = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`;

/** Makes room for a new session. One that is being appended to right now is not the oldest for long: it is left alone. */
export const dropBeyondCap = `
  DELETE FROM context.sessions
  WHERE tenant_id = $1 AND user_id = $2 AND session_id IN (
    SELECT session_id FROM context.sessions
    WHERE tenant_id = $1 AND user_id = $2 AND session_id IN (
      SELECT session_id FROM context.sessions
      WHERE tenant_id = $1 AND user_id = $2 AND session_id <> $3
      ORDER BY appended_at DESC, session_id
      OFFSET $4
    )
    FOR UPDATE SKIP LOCKED
  )`;

export const insertEntries = `
  INSERT INTO context.session_entries
    (tenant_id, user_id, session_id, position, entry_id, role, content, appended_at)
  SELECT $1, $2, $3, $4::bigint + ordinality, entry_id, role, content, $5::timestamptz
  FROM unnest($6::text[], $7::text[], $8::text[]) WITH ORDINALITY AS given (entry_id, role, content, ordinality)
  ON CONFLICT (tenant_id, user_id, session_id, entry_id) DO NOTHING`;

export const readSizes = `
  SELECT position, octet_length(content) AS bytes FROM context.session_entries WHERE ${isSession} ORDER BY position`;

export const trimEntries = `DELETE FROM context.session_entries WHERE ${isSession} AND position < $4`;

export const updateCounts = `
  UPDATE context.sessions SET entry_count = $4, content_bytes = $5, last_position = $6 WHERE ${isSession}`;

export const readEntries = `
  SELECT entry_id AS "entryId", role, content, (extract(epoch FROM entry.appended_at) * 1000)::float8 AS "appendedAtMs"
  FROM context.session_entries AS entry JOIN context.sessions AS session USING (tenant_id, user_id, session_id)
  WHERE ${isSession} AND session.appended_at >= $4::timestamptz
  ORDER BY position`;

export const deleteSession = `DELETE FROM context.sessions WHERE ${isSession}`;

/** Sessions that somebody is writing to are skipped; replicas that purge at once share the work. */
export const purgeIdle = `
  DELETE FROM context.sessions WHERE (tenant_id, user_id, session_id) IN (
    SELECT tenant_id, user_id, session_id FROM context.sessions
    WHERE appended_at < $1::timestamptz ORDER BY appended_at LIMIT $2 FOR UPDATE SKIP LOCKED
  )`;
