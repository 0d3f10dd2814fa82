import assert from 'node:assert/strict';

import { query, withTransaction, type Pool, type PoolClient } from '@gantry/postgres';

import type { DocumentKey, DocumentSummary, IndexedDocument, SourceSummary } from '../domain/document.ts';
import type { RankedPassage, RankedPassages } from '../domain/passage.ts';
import type { DocumentPage, DocumentStore, RankRequest, StoredVersion, StoreOutcome } from '../domain/ports.ts';
import * as sql from './document-sql.ts';
import { rankPassages } from './rank-sql.ts';
import { retryConflicts } from './retry-conflicts.ts';

/** The most passages of one statement: about 30,000 rows of the index, well within its timeout. */
const INSERT_PASSAGES_MAX = 250;

/** What a change adds to a source's counts. */
interface SourceChange {
  readonly source: string;
  readonly documentCount: number;
  readonly passageCount: number;
  readonly tokenCount: number;
}

/** A document's row after it was written. */
interface WrittenRow {
  readonly isNew: boolean;
  /** A bigint, as pg hands it over. */
  readonly documentKey: string;
}

type WrittenDocument = IndexedDocument & WrittenRow;

/** Keeps documents and their index in PostgreSQL. */
export class PgDocumentStore implements DocumentStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async readVersions(tenantId: string, keys: readonly DocumentKey[]): Promise<readonly StoredVersion[]> {
    const { rows } = await query<StoredVersion>(this.#pool, sql.readVersions, [tenantId, ...keyColumns(keys)]);
    return rows;
  }

  async upsert(
    tenantId: string,
    documents: readonly IndexedDocument[],
    nowMs: number,
  ): Promise<readonly StoreOutcome[]> {
    return retryConflicts(() =>
      withTransaction(this.#pool, (client) => new DocumentWriter(client, tenantId, nowMs).upsert(documents)),
    );
  }

  async delete(tenantId: string, keys: readonly DocumentKey[]): Promise<number> {
    return retryConflicts(() =>
      withTransaction(this.#pool, (client) => new DocumentWriter(client, tenantId, 0).delete(keys)),
    );
  }

  async list(tenantId: string, { source, after, limit }: DocumentPage): Promise<readonly DocumentSummary[]> {
    const values = [tenantId, source, after?.source, after?.documentId, limit];
    const { rows } = await query<DocumentSummary & Record<string, unknown>>(this.#pool, sql.listDocuments, values);
    return rows;
  }

  async listSources(tenantId: string, limit: number): Promise<readonly SourceSummary[]> {
    const { rows } = await query<SourceSummary & Record<string, unknown>>(this.#pool, sql.listSources, [
      tenantId,
      limit,
    ]);
    return rows;
  }

  async hasSource(tenantId: string, source: string): Promise<boolean> {
    const { rows } = await query(this.#pool, sql.hasSource, [tenantId, source]);
    return rows.length > 0;
  }

  async rank(tenantId: string, request: RankRequest): Promise<RankedPassages> {
    const { terms, sources, onePerDocument, limit, offset } = request;
    const values = [
      tenantId,
      terms.map(({ term }) => term),
      terms.map(({ weight }) => weight),
      sources,
      onePerDocument,
      limit,
      offset,
    ];
    const rows = await withTransaction(this.#pool, async (client) => {
      // Compiling the statement takes ten times as long as running it.
      await client.query('SET LOCAL jit = off');
      return (await client.query<RankRow>(rankPassages, values)).rows;
    });
    return toRankedPassages(rows);
  }
}

interface RankRow extends RankedPassage {
  readonly total: number;
  readonly resultCount: number;
  readonly bestScore: number | null;
  /** Null in the one row that has no passage to tell of. */
  readonly passageId: string;
}

function toRankedPassages(rows: readonly RankRow[]): RankedPassages {
  const [first] = rows;
  const passages = rows.filter(({ passageId }) => passageId !== null);
  return { total: first?.total ?? 0, resultCount: first?.resultCount ?? 0, bestScore: first?.bestScore ?? 0, passages };
}

/** Changes documents within one transaction. */
class DocumentWriter {
  readonly #client: PoolClient;
  readonly #tenantId: string;
  readonly #nowMs: number;

  constructor(client: PoolClient, tenantId: string, nowMs: number) {
    this.#client = client;
    this.#tenantId = tenantId;
    this.#nowMs = nowMs;
  }

  async upsert(documents: readonly IndexedDocument[]): Promise<readonly StoreOutcome[]> {
    const writtenByKey = await this.#upsertRows(documents);
    const changed = documents.flatMap((document) => {
      const written = writtenByKey.get(keyOf(document));
      return written === undefined ? [] : [{ ...document, ...written }];
    });
    const removals = await this.#deletePassages(changed.filter(({ isNew }) => !isNew));
    await this.#insertPassages(changed);
    await this.#changeSources([...removals, ...changed.map(countOf)]);
    return documents.map((document) => ({
      outcome: outcomeOf(writtenByKey.get(keyOf(document))?.isNew),
      passageCount: document.passages.length,
    }));
  }

  async delete(keys: readonly DocumentKey[]): Promise<number> {
    const { rows: deleted } = await this.#client.query<DocumentKey>(sql.deleteDocuments, [
      this.#tenantId,
      ...keyColumns(keys),
    ]);
    if (deleted.length === 0) return 0;
    const removals = await this.#deletePassages(deleted);
    const documents = deleted.map(({ source }) => ({ source, documentCount: -1, passageCount: 0, tokenCount: 0 }));
    await this.#changeSources([...removals, ...documents]);
    const sources = [...new Set(deleted.map(({ source }) => source))];
    await this.#client.query(sql.deleteEmptySources, [this.#tenantId, sources]);
    return deleted.length;
  }

  /** Answers the documents that were new or different. */
  async #upsertRows(documents: readonly IndexedDocument[]): Promise<Map<string, WrittenRow>> {
    const { rows } = await this.#client.query<DocumentKey & WrittenRow>(sql.upsertDocuments, [
      this.#tenantId,
      toIso(this.#nowMs),
      ...keyColumns(documents),
      documents.map(({ title }) => title),
      documents.map(({ type }) => type),
      documents.map(({ sourceUrl }) => sourceUrl),
      documents.map(({ writtenAtMs }) => toIso(writtenAtMs)),
      documents.map(({ metadataJson }) => metadataJson),
      documents.map(({ fingerprint }) => fingerprint),
      documents.map(({ textBytes }) => textBytes),
      documents.map(({ passages }) => passages.length),
    ]);
    return new Map(rows.map((row) => [keyOf(row), row]));
  }

  async #deletePassages(keys: readonly DocumentKey[]): Promise<SourceChange[]> {
    if (keys.length === 0) return [];
    // Each entry is one look-up in the primary key. The planner, which takes every page for cold, would read all of postings.
    await this.#client.query('SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off');
    const { rows } = await this.#client.query<Omit<SourceChange, 'documentCount'>>(sql.deletePassages, [
      this.#tenantId,
      ...keyColumns(keys),
    ]);
    return rows.map(({ source, passageCount, tokenCount }) => ({
      source,
      documentCount: 0,
      passageCount: -passageCount,
      tokenCount: -tokenCount,
    }));
  }

  async #insertPassages(documents: readonly WrittenDocument[]): Promise<void> {
    const all = documents.flatMap(({ source, documentId, documentKey, passages }) => {
      assert(passages.length <= 2 ** sql.ORDINAL_BITS, 'a document has more passages than a key has room for');
      return passages.map((passage, ordinal) => ({ ...passage, source, documentId, documentKey, ordinal }));
    });
    for (let from = 0; from < all.length; from += INSERT_PASSAGES_MAX) {
      const some = all.slice(from, from + INSERT_PASSAGES_MAX);
      await this.#client.query(sql.insertPassages, [
        this.#tenantId,
        some.map(({ passageId }) => passageId),
        ...keyColumns(some),
        some.map(({ documentKey }) => documentKey),
        some.map(({ ordinal }) => ordinal),
        some.map(({ tokenCount }) => tokenCount),
        some.map(({ content }) => content),
        some.map(({ terms }) => terms.join(' ')),
        some.map(({ termCounts }) => termCounts.join(' ')),
      ]);
    }
  }

  /** The last step of a transaction, because everyone who writes to the source waits for the row until its end. */
  async #changeSources(changes: readonly SourceChange[]): Promise<void> {
    const bySource = Object.entries(Object.groupBy(changes, ({ source }) => source));
    if (bySource.length === 0) return;
    const total = (count: (change: SourceChange) => number) =>
      bySource.map(([, parts = []]) => parts.reduce((sum, part) => sum + count(part), 0));
    await this.#client.query(sql.addToSources, [
      this.#tenantId,
      toIso(this.#nowMs),
      bySource.map(([source]) => source),
      total(({ documentCount }) => documentCount),
      total(({ passageCount }) => passageCount),
      total(({ tokenCount }) => tokenCount),
    ]);
  }
}

function outcomeOf(isNew: boolean | undefined): StoreOutcome['outcome'] {
  if (isNew === undefined) return 'unchanged';
  return isNew ? 'created' : 'updated';
}

function countOf({ source, passages, isNew }: WrittenDocument): SourceChange {
  const tokenCount = passages.reduce((sum, passage) => sum + passage.tokenCount, 0);
  return { source, documentCount: isNew ? 1 : 0, passageCount: passages.length, tokenCount };
}

function keyColumns(keys: readonly DocumentKey[]): [string[], string[]] {
  return [keys.map(({ source }) => source), keys.map(({ documentId }) => documentId)];
}

function keyOf({ source, documentId }: DocumentKey): string {
  return `${source}\0${documentId}`;
}

function toIso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
