import type { Appended, SessionStore } from '../domain/ports.ts';
import {
  keptCount,
  SESSION_IDLE_MS,
  type SessionEntry,
  type SessionKey,
  SESSIONS_PER_USER_MAX,
  type SessionWindow,
} from '../domain/session.ts';
import type { SessionStoreLimits } from './pg-session-store.ts';

interface StoredSession {
  readonly key: SessionKey;
  readonly entries: SessionWindow['entries'];
  readonly appendedAtMs: number;
}

/** Keeps the context windows of sessions in memory: for tests. */
export class MemorySessionStore implements SessionStore {
  readonly #sessions = new Map<string, StoredSession>();
  readonly #sessionsPerUserMax: number;

  constructor({ sessionsPerUserMax = SESSIONS_PER_USER_MAX }: SessionStoreLimits = {}) {
    this.#sessionsPerUserMax = sessionsPerUserMax;
  }

  async append(key: SessionKey, entries: readonly SessionEntry[], nowMs: number): Promise<Appended> {
    const before = this.#entriesOf(key, nowMs);
    const ids = new Set(before.map(({ entryId }) => entryId));
    const added = entries.filter(({ entryId }) => !ids.has(entryId) && ids.add(entryId));
    const all = [...before, ...added.map((entry) => ({ ...entry, appendedAtMs: nowMs }))];
    const kept = all.slice(all.length - keptCount(all.map(({ content }) => Buffer.byteLength(content))));
    this.#sessions.delete(nameOf(key));
    this.#sessions.set(nameOf(key), { key, entries: kept, appendedAtMs: nowMs });
    this.#makeRoom(key);
    return { entryCount: kept.length, contentBytes: bytesOf(kept), trimmedCount: all.length - kept.length };
  }

  async read(key: SessionKey, nowMs: number): Promise<SessionWindow> {
    const entries = this.#entriesOf(key, nowMs);
    return { entries, contentBytes: bytesOf(entries) };
  }

  async delete(key: SessionKey): Promise<void> {
    this.#sessions.delete(nameOf(key));
  }

  async purge(nowMs: number, limit: number): Promise<number> {
    const idle = [...this.#sessions].filter(([, session]) => isIdle(session, nowMs)).slice(0, limit);
    for (const [name] of idle) this.#sessions.delete(name);
    return idle.length;
  }

  #entriesOf(key: SessionKey, nowMs: number): SessionWindow['entries'] {
    const session = this.#sessions.get(nameOf(key));
    return session === undefined || isIdle(session, nowMs) ? [] : session.entries;
  }

  #makeRoom({ tenantId, userId }: SessionKey): void {
    const own = [...this.#sessions].filter(([, { key }]) => key.tenantId === tenantId && key.userId === userId);
    for (const [name] of own.slice(0, Math.max(0, own.length - this.#sessionsPerUserMax))) this.#sessions.delete(name);
  }
}

function isIdle({ appendedAtMs }: StoredSession, nowMs: number): boolean {
  return appendedAtMs < nowMs - SESSION_IDLE_MS;
}

function bytesOf(entries: readonly SessionEntry[]): number {
  return entries.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
}

function nameOf({ tenantId, userId, sessionId }: SessionKey): string {
  return JSON.stringify([tenantId, userId, sessionId]);
}
