import type { DocumentKey, DocumentSummary, IndexedDocument, SourceSummary } from './document.ts';
import type { QuestionTerm, RankedPassages } from './passage.ts';
import type { SessionEntry, SessionKey, SessionWindow } from './session.ts';

/** What is stored of a document, as far as telling whether it has changed goes. */
export interface StoredVersion extends DocumentKey {
  readonly fingerprint: string;
  readonly passageCount: number;
}

/** What storing did to a document. */
export type StoreOutcome =
  | { readonly outcome: 'created' | 'updated'; readonly passageCount: number }
  | { readonly outcome: 'unchanged'; readonly passageCount: number };

/** Which page of documents. */
export interface DocumentPage {
  /** Undefined means all. */
  readonly source: string | undefined;
  /** The last document of the page before. */
  readonly after: DocumentKey | undefined;
  readonly limit: number;
}

/** What is to be ranked. */
export interface RankRequest {
  readonly terms: readonly QuestionTerm[];
  /** Empty means all. */
  readonly sources: readonly string[];
  /** Only the best passage of each document. */
  readonly onePerDocument: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** Holds the documents of all tenants and the index over their passages. */
export interface DocumentStore {
  /** Returns the versions of those documents that exist. */
  readVersions(tenantId: string, keys: readonly DocumentKey[]): Promise<readonly StoredVersion[]>;
  /**
   * Stores documents, all or none, and answers when they are durable and found. Keys must be unique. The outcomes are in
   * the order of the documents. Statistics stay exact whatever else runs.
   */
  upsert(tenantId: string, documents: readonly IndexedDocument[], nowMs: number): Promise<readonly StoreOutcome[]>;
  /** Deletes those documents that exist, all or none, and returns how many did. */
  delete(tenantId: string, keys: readonly DocumentKey[]): Promise<number>;
  /** Lists documents in order of source and id, by code points. */
  list(tenantId: string, page: DocumentPage): Promise<readonly DocumentSummary[]>;
  listSources(tenantId: string, limit: number): Promise<readonly SourceSummary[]>;
  hasSource(tenantId: string, source: string): Promise<boolean>;
  /** Ranks passages by BM25 over the corpus of the tenant as it is at one moment; equal scores by age. */
  rank(tenantId: string, request: RankRequest): Promise<RankedPassages>;
}

/** What appending did. */
export interface Appended {
  readonly entryCount: number;
  readonly contentBytes: number;
  readonly trimmedCount: number;
}

/** Holds the context windows of sessions. */
export interface SessionStore {
  /** Appends entries whose ids are new to the session, then trims the oldest; the user's oldest sessions make room. */
  append(session: SessionKey, entries: readonly SessionEntry[], nowMs: number): Promise<Appended>;
  /** Returns the window; empty when there is none or it has been idle for too long. */
  read(session: SessionKey, nowMs: number): Promise<SessionWindow>;
  delete(session: SessionKey): Promise<void>;
  /** Deletes at most `limit` sessions that have been idle for too long and returns how many. */
  purge(nowMs: number, limit: number): Promise<number>;
}
