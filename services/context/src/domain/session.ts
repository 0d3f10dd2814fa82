/** The most entries of a window: a long conversation, well beyond what a model attends to. */
export const SESSION_ENTRIES_MAX = 200;

/** The most content of a window in bytes: about 64,000 tokens. */
export const SESSION_CONTENT_BYTES_MAX = 256 * 1024;

/** The most sessions of a user; beyond it the one that was not written to for longest makes room. */
export const SESSIONS_PER_USER_MAX = 1_000;

/** A session that nobody appended to for a day is over. */
export const SESSION_IDLE_MS = 24 * 60 * 60 * 1_000;

/** The limits of context_service.proto. */
export const ENTRIES_PER_APPEND_MAX = 100;
export const ENTRY_CONTENT_BYTES_MAX = 64 * 1024;
export const SESSION_ID_CHARACTERS_MAX = 200;

/** An entry id is a UUID or a message id of a provider. */
export const ENTRY_ID_CHARACTERS_MAX = 200;

/** Who can say something in a session. */
export const sessionRoles = ['user', 'assistant', 'tool', 'system'] as const;

/** Who said an entry. */
type SessionRole = (typeof sessionRoles)[number];

/** Names a session: the same id of another user is another session. */
export interface SessionKey {
  readonly tenantId: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** One thing said or seen. */
export interface SessionEntry {
  readonly entryId: string;
  readonly role: SessionRole;
  readonly content: string;
}

/** A session's context window, oldest entry first. */
export interface SessionWindow {
  readonly entries: readonly (SessionEntry & { readonly appendedAtMs: number })[];
  readonly contentBytes: number;
}

/** Returns how many of the newest entries, given by their bytes from oldest to newest, a window keeps. */
export function keptCount(contentBytes: readonly number[]): number {
  let bytes = 0;
  const firstDropped = contentBytes.findLastIndex((size, index) => {
    bytes += size;
    return bytes > SESSION_CONTENT_BYTES_MAX || contentBytes.length - index > SESSION_ENTRIES_MAX;
  });
  return contentBytes.length - 1 - firstDropped;
}
