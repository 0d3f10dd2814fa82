import { AppError } from '@gantry/errors';
import { describe, expect, test } from 'vitest';

import { sampleDocument } from '../../test/sample-document.ts';
import { hash } from '../store/hash.ts';
import { MemoryDocumentStore } from '../store/memory-document-store.ts';
import { createStem } from './create-stem.ts';
import { deleteDocuments } from './delete-documents.ts';
import type { IndexedDocument } from './document.ts';
import { BATCH_DOCUMENTS_MAX, BATCH_PASSAGES_MAX, type UpsertDeps, upsertDocuments } from './upsert-documents.ts';

class RecordingStore extends MemoryDocumentStore {
  readonly batches: string[][] = [];
  failWith: (documents: readonly IndexedDocument[]) => Error | undefined = () => undefined;

  override async upsert(tenantId: string, documents: readonly IndexedDocument[], nowMs: number) {
    this.batches.push(documents.map(({ documentId }) => documentId));
    const error = this.failWith(documents);
    if (error !== undefined) throw error;
    return super.upsert(tenantId, documents, nowMs);
  }
}

function createWorld() {
  const store = new RecordingStore();
  const deps: UpsertDeps = {
    store,
    hash,
    stem: createStem(),
    pause: () => Promise.resolve(),
    now: () => 1_000,
    isDataError: (error) => error instanceof Error && error.message === 'bad data',
  };
  const upsert = (documents: readonly ReturnType<typeof sampleDocument>[], signal = new AbortController().signal) =>
    upsertDocuments(deps, { tenantId: 't', documents }, signal);
  return { store, upsert };
}

const document = (documentId: string, text = `text of ${documentId}`) => sampleDocument({ documentId, text });

test('outcomes come in the order of the documents', async () => {
  const { upsert } = createWorld();
  await upsert([document('a'), document('b')]);
  const results = await upsert([document('c'), document('', 'x'), document('b', 'new'), document('a')]);
  expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'refused', 'updated', 'unchanged']);
});

test('an unchanged document is not even sent to the store', async () => {
  const { store, upsert } = createWorld();
  await upsert([document('a')]);
  await upsert([document('a')]);
  expect(store.batches).toEqual([['a']]);
});

test('a document that comes twice is stored twice, and the later one stays', async () => {
  const { store, upsert } = createWorld();
  const results = await upsert([document('a', 'first'), document('a', 'second'), document('a', 'second')]);
  expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'updated', 'unchanged']);
  const ranked = await store.rank('t', {
    terms: [{ term: 'second', weight: 1 }],
    sources: [],
    onePerDocument: false,
    limit: 9,
    offset: 0,
  });
  expect(ranked.total).toBe(1);
});

test('many documents go in several transactions', async () => {
  const { store, upsert } = createWorld();
  await upsert(Array.from({ length: BATCH_DOCUMENTS_MAX + 1 }, (_, index) => document(`d${index}`)));
  expect(store.batches.map(({ length }) => length)).toEqual([BATCH_DOCUMENTS_MAX, 1]);
});

test('long documents go in several transactions too', async () => {
  const { store, upsert } = createWorld();
  const sentence = 'A sentence of eight words, and no more.\n\n';
  const documents = ['a', 'b', 'c', 'd'].map((id) => document(id, sentence.repeat(4_000)));
  const [first] = await upsert(documents);
  expect(first).toMatchObject({ passageCount: expect.any(Number) });
  for (const ids of store.batches) {
    const passages = await Promise.all(
      ids.map((documentId) => store.readVersions('t', [{ source: 'docs', documentId }])),
    );
    const count = passages.flat().reduce((sum, { passageCount }) => sum + passageCount, 0);
    expect(count).toBeLessThanOrEqual(BATCH_PASSAGES_MAX);
  }
  expect(store.batches.flat()).toEqual(['a', 'b', 'c', 'd']);
  expect(store.batches.length).toBeGreaterThan(1);
});

describe('when the store fails', () => {
  test('because of one document, that one is refused and the others are stored', async () => {
    const { store, upsert } = createWorld();
    store.failWith = (documents) =>
      documents.some(({ documentId }) => documentId === 'b') ? new Error('bad data') : undefined;
    const results = await upsert([document('a'), document('b'), document('c')]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'refused', 'created']);
    expect(results[1]).toMatchObject({ error: expect.stringMatching(/cannot be stored/) });
  });

  test('because it is down, its error rises and what was stored before stays', async () => {
    const { store, upsert } = createWorld();
    const down = new AppError({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE', message: 'down' });
    const documents = Array.from({ length: BATCH_DOCUMENTS_MAX * 2 }, (_, index) => document(`d${index}`));
    store.failWith = () => (store.batches.length > 1 ? down : undefined);
    await expect(upsert(documents)).rejects.toBe(down);
    store.failWith = () => undefined;
    const outcomes = (await upsert(documents)).map(({ outcome }) => outcome);
    expect(outcomes.slice(0, BATCH_DOCUMENTS_MAX).every((outcome) => outcome === 'unchanged')).toBe(true);
    expect(outcomes.slice(BATCH_DOCUMENTS_MAX).every((outcome) => outcome === 'created')).toBe(true);
  });
});

test('a call that is cancelled stops', async () => {
  const { store, upsert } = createWorld();
  await expect(upsert([document('a')], AbortSignal.abort())).rejects.toThrow(/aborted/);
  expect(store.batches).toEqual([]);
});

test('deleting counts what was there, each id once', async () => {
  const { store, upsert } = createWorld();
  await upsert(Array.from({ length: 150 }, (_, index) => document(`d${index}`)));
  const documentIds = ['x', 'd0', 'd0', ...Array.from({ length: 149 }, (_, index) => `d${index + 1}`)];
  const { signal } = new AbortController();
  expect(await deleteDocuments(store, { tenantId: 't', source: 'docs', documentIds }, signal)).toEqual({
    deletedCount: 150,
    missingCount: 1,
  });
});
