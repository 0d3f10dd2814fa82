import { bm25, type Corpus } from '../domain/bm25.ts';
import type {
  DocumentKey,
  DocumentSummary,
  IndexedDocument,
  IndexedPassage,
  SourceSummary,
} from '../domain/document.ts';
import type { RankedPassage, RankedPassages } from '../domain/passage.ts';
import type { DocumentPage, DocumentStore, RankRequest, StoredVersion, StoreOutcome } from '../domain/ports.ts';

interface StoredDocument extends IndexedDocument {
  readonly updatedAtMs: number;
  /** Grows with every change, as the keys of passages do in the database. */
  readonly age: number;
}

interface ScoredPassage {
  readonly document: StoredDocument;
  readonly passage: IndexedPassage;
  readonly score: number;
}

/** Keeps documents in memory and ranks by reading all of them: for tests, and as the yardstick of the real index. */
export class MemoryDocumentStore implements DocumentStore {
  readonly #tenants = new Map<string, Map<string, StoredDocument>>();
  #age = 0;

  async readVersions(tenantId: string, keys: readonly DocumentKey[]): Promise<readonly StoredVersion[]> {
    const wanted = new Set(keys.map(keyOf));
    return this.#documents(tenantId)
      .filter((document) => wanted.has(keyOf(document)))
      .map(({ passages, ...document }) => ({ ...document, passageCount: passages.length }));
  }

  async upsert(
    tenantId: string,
    documents: readonly IndexedDocument[],
    nowMs: number,
  ): Promise<readonly StoreOutcome[]> {
    const stored = this.#tenants.get(tenantId) ?? new Map<string, StoredDocument>();
    this.#tenants.set(tenantId, stored);
    return documents.map((document) => {
      const passageCount = document.passages.length;
      const before = stored.get(keyOf(document));
      if (before?.fingerprint === document.fingerprint) return { outcome: 'unchanged', passageCount };
      this.#age += 1;
      stored.set(keyOf(document), { ...document, updatedAtMs: nowMs, age: this.#age });
      return { outcome: before === undefined ? 'created' : 'updated', passageCount };
    });
  }

  async delete(tenantId: string, keys: readonly DocumentKey[]): Promise<number> {
    return keys.filter((key) => this.#tenants.get(tenantId)?.delete(keyOf(key))).length;
  }

  async list(tenantId: string, { source, after, limit }: DocumentPage): Promise<readonly DocumentSummary[]> {
    return this.#documents(tenantId)
      .filter((document) => source === undefined || document.source === source)
      .toSorted(compareKeys)
      .filter((document) => after === undefined || compareKeys(document, after) > 0)
      .slice(0, limit)
      .map(({ passages, ...document }) => ({ ...document, passageCount: passages.length }));
  }

  async listSources(tenantId: string, limit: number): Promise<readonly SourceSummary[]> {
    const groups = Object.groupBy(this.#documents(tenantId), ({ source }) => source);
    return Object.entries(groups)
      .map(([name, documents = []]) => ({
        name,
        documentCount: documents.length,
        passageCount: documents.reduce((sum, { passages }) => sum + passages.length, 0),
        updatedAtMs: Math.max(...documents.map(({ updatedAtMs }) => updatedAtMs)),
      }))
      .toSorted((a, b) => compareText(a.name, b.name))
      .slice(0, limit);
  }

  async hasSource(tenantId: string, source: string): Promise<boolean> {
    return this.#documents(tenantId).some((document) => document.source === source);
  }

  async rank(tenantId: string, request: RankRequest): Promise<RankedPassages> {
    const matched = this.#score(tenantId, request)
      .filter(({ document }) => request.sources.length === 0 || request.sources.includes(document.source))
      .toSorted((a, b) => b.score - a.score || a.document.age - b.document.age);
    const results = request.onePerDocument ? bestOfEach(matched) : matched;
    return {
      total: matched.length,
      resultCount: results.length,
      bestScore: results[0]?.score ?? 0,
      passages: results.slice(request.offset, request.offset + request.limit).map(toRanked),
    };
  }

  #score(tenantId: string, { terms }: RankRequest): ScoredPassage[] {
    const all = this.#documents(tenantId).flatMap((document) =>
      document.passages.map((passage) => ({ document, passage })),
    );
    const tokenCount = all.reduce((sum, { passage }) => sum + passage.tokenCount, 0);
    const corpus: Corpus = { passageCount: all.length, averageLength: tokenCount / all.length };
    const known = terms.map(({ term, weight }) => ({
      term,
      weight,
      documentFrequency: all.filter(({ passage }) => passage.terms.includes(term)).length,
    }));
    return all.flatMap(({ document, passage }) => {
      const matches = known.filter(({ term }) => passage.terms.includes(term));
      const score = matches.reduce((sum, { term, ...match }) => {
        const termCount = passage.termCounts[passage.terms.indexOf(term)] ?? 0;
        return sum + bm25({ ...match, termCount, passageLength: passage.tokenCount }, corpus);
      }, 0);
      return matches.length === 0 ? [] : [{ document, passage, score }];
    });
  }

  #documents(tenantId: string): StoredDocument[] {
    return [...(this.#tenants.get(tenantId)?.values() ?? [])];
  }
}

function bestOfEach(matched: readonly ScoredPassage[]): ScoredPassage[] {
  const seen = new Set<StoredDocument>();
  return matched.filter(({ document }) => !seen.has(document) && seen.add(document));
}

function toRanked({ document, passage, score }: ScoredPassage): RankedPassage {
  const { source, documentId, title, type, sourceUrl, writtenAtMs, metadataJson } = document;
  const { passageId, content } = passage;
  return { passageId, content, score, source, documentId, title, type, sourceUrl, writtenAtMs, metadataJson };
}

function keyOf({ source, documentId }: DocumentKey): string {
  return `${source}\0${documentId}`;
}

function compareKeys(a: DocumentKey, b: DocumentKey): number {
  return compareText(a.source, b.source) || compareText(a.documentId, b.documentId);
}

function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
