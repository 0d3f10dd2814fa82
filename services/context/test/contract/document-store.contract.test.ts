import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import type { IndexedDocument } from '../../src/domain/document.ts';
import { questionTerms } from '../../src/domain/find-passages.ts';
import type { DocumentStore, RankRequest } from '../../src/domain/ports.ts';
import { MemoryDocumentStore } from '../../src/store/memory-document-store.ts';
import { PgDocumentStore } from '../../src/store/pg-document-store.ts';
import { sampleIndexed } from '../sample-document.ts';
import { expectExactCounts } from './expect-exact-counts.ts';
import { openDatabase } from './open-stores.ts';

const database = await openDatabase();
afterAll(() => database[Symbol.asyncDispose]());

const pgStore = new PgDocumentStore(database.pool);
const ask = (query: string, parts: Partial<RankRequest> = {}): RankRequest => ({
  terms: questionTerms(query),
  sources: [],
  onePerDocument: false,
  limit: 10,
  offset: 0,
  ...parts,
});
const key = (documentId: string, source = 'docs') => ({ source, documentId });
const ids = (found: { readonly passages: readonly { readonly documentId: string }[] }) =>
  found.passages.map(({ documentId }) => documentId);
const long = Array.from({ length: 90 }, (_, index) => `Sentence ${index} talks about propellers again.`).join(' ');

let tenants = 0;
const newTenant = () => `tenant-${(tenants += 1)}`;

describe.each<[string, DocumentStore]>([
  ['in memory', new MemoryDocumentStore()],
  ['in PostgreSQL', pgStore],
])('a document store %s', (_name, store) => {
  const put = async (tenantId: string, ...documents: readonly Parameters<typeof sampleIndexed>[0][]) =>
    store.upsert(tenantId, await Promise.all(documents.map((parts) => sampleIndexed(parts))), 5_000);

  test('tells new documents from changed and unchanged ones', async () => {
    const tenant = newTenant();
    expect(await put(tenant, { documentId: 'a' }, { documentId: 'b', text: long })).toEqual([
      { outcome: 'created', passageCount: 1 },
      { outcome: 'created', passageCount: expect.any(Number) },
    ]);
    const outcomes = await put(
      tenant,
      { documentId: 'a' },
      { documentId: 'b', text: 'short now' },
      { documentId: 'c' },
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unchanged', 'updated', 'created']);
    const versions = await store.readVersions(tenant, [key('a'), key('b'), key('x'), key('a', 'wiki')]);
    expect(versions.map(({ documentId, passageCount }) => `${documentId} ${passageCount}`).toSorted()).toEqual([
      'a 1',
      'b 1',
    ]);
  });

  test('scores what the formula gives by hand', async () => {
    const tenant = newTenant();
    await put(
      tenant,
      { documentId: 'a', text: 'wing flap' },
      { documentId: 'b', text: 'wing rudder tail' },
      { documentId: 'c', text: 'propeller engine fuel oil' },
    );
    const found = await store.rank(tenant, ask('wing'));
    // N 3, df 2, average length 3: idf = ln(1 + 1.5/2.5) = 0.470004.
    // a: norm = 1.2 * (0.25 + 0.75 * 2/3) = 0.9, so 2.2 / 1.9 = 1.157895; b: norm 1.2, so 1.
    expect(found).toMatchObject({ total: 2, resultCount: 2 });
    expect(ids(found)).toEqual(['a', 'b']);
    expect(found.passages[0]?.score).toBeCloseTo(0.470004 * 1.157895, 5);
    expect(found.passages[1]?.score).toBeCloseTo(0.470004, 5);
    expect(found.bestScore).toBe(found.passages[0]?.score);
  });

  test('forgets the old version of a document in text and in statistics', async () => {
    const tenant = newTenant();
    await put(tenant, { documentId: 'a', text: 'old wing' }, { documentId: 'b', text: 'wing' });
    await put(tenant, { documentId: 'a', text: 'new rudder' });
    expect(await store.rank(tenant, ask('old'))).toEqual({ total: 0, resultCount: 0, bestScore: 0, passages: [] });
    // N 2, df 1, lengths 1 and 2: idf = ln(2) = 0.693147; norm = 1.2 * (0.25 + 0.75 / 1.5) = 0.9.
    expect((await store.rank(tenant, ask('wing'))).passages[0]?.score).toBeCloseTo((0.693147 * 2.2) / 1.9, 5);
  });

  test('answers the whole document of a passage', async () => {
    const tenant = newTenant();
    const document = {
      documentId: 'ü/1',
      source: 'wiki',
      title: 'Wings',
      text: 'about wings',
      type: 'page',
      sourceUrl: 'https://example.com/1',
      writtenAtMs: Date.parse('0800-12-25T10:00:00.123Z'),
      metadataJson: '{"a":"\\u0000", "b": 1}',
    };
    await put(tenant, document);
    const [passage] = (await store.rank(tenant, ask('wing'))).passages;
    const { text, ...rest } = document;
    expect(passage).toMatchObject({ ...rest, content: text, passageId: expect.stringMatching(/^[\w-]{20,}$/) });
  });

  test('ranks within sources, by statistics of the whole tenant', async () => {
    const tenant = newTenant();
    await put(
      tenant,
      { source: 'x', documentId: '1', text: 'wing' },
      { source: 'y', documentId: '2', text: 'wing wing' },
      { source: 'z', documentId: '3', text: 'wing' },
    );
    const all = await store.rank(tenant, ask('wing'));
    const some = await store.rank(tenant, ask('wing', { sources: ['x', 'nowhere', 'z'] }));
    expect([all.total, some.total]).toEqual([3, 2]);
    expect(ids(some)).toEqual(['1', '3']);
    expect(some.passages[0]?.score).toBe(all.passages.find(({ documentId }) => documentId === '1')?.score);
    expect((await store.rank(tenant, ask('wing', { sources: ['nowhere'] }))).total).toBe(0);
  });

  test('gives one passage of each document when asked to, and still counts them all', async () => {
    const tenant = newTenant();
    await put(tenant, { documentId: 'long', text: long }, { documentId: 'short', text: 'propellers' });
    const every = await store.rank(tenant, ask('propellers', { limit: 50 }));
    const one = await store.rank(tenant, ask('propellers', { onePerDocument: true }));
    expect(every.total).toBeGreaterThan(2);
    expect(one.total).toBe(every.total);
    expect(one.resultCount).toBe(2);
    expect(ids(one).toSorted()).toEqual(['long', 'short']);
    expect(one.bestScore).toBe(every.bestScore);
    const best = every.passages.find(({ documentId }) => documentId === 'long');
    expect(one.passages.find(({ documentId }) => documentId === 'long')?.passageId).toBe(best?.passageId);
  });

  test('pages through a ranking; beyond its end there is nothing, but the total stays', async () => {
    const tenant = newTenant();
    await put(tenant, ...['a', 'b', 'c', 'd', 'e'].map((documentId) => ({ documentId, text: `wing ${documentId}` })));
    const all = ids(await store.rank(tenant, ask('wing')));
    const pages = await Promise.all([0, 2, 4].map((offset) => store.rank(tenant, ask('wing', { limit: 2, offset }))));
    expect(pages.flatMap(ids)).toEqual(all);
    const beyond = await store.rank(tenant, ask('wing', { limit: 2, offset: 5 }));
    expect(beyond).toMatchObject({ total: 5, resultCount: 5, passages: [] });
  });

  test('deletes documents and what they counted for', async () => {
    const tenant = newTenant();
    await put(
      tenant,
      { documentId: 'a', text: 'wing' },
      { documentId: 'b', text: 'wing' },
      { documentId: 'a', source: 'wiki', text: 'wing' },
    );
    expect(await store.delete(tenant, [key('a'), key('b'), key('x')])).toBe(2);
    expect(await store.delete(tenant, [key('a')])).toBe(0);
    expect(ids(await store.rank(tenant, ask('wing')))).toEqual(['a']);
    expect(await store.hasSource(tenant, 'docs')).toBe(false);
    expect(await store.hasSource(tenant, 'wiki')).toBe(true);
    expect((await store.listSources(tenant, 10)).map(({ name }) => name)).toEqual(['wiki']);
  });

  test('lists sources by name with exact counts', async () => {
    const tenant = newTenant();
    await put(
      tenant,
      { source: 'b', documentId: '1', text: long },
      { source: 'a', documentId: '1' },
      { source: 'B', documentId: '2' },
      { source: 'a', documentId: '2' },
    );
    const sources = await store.listSources(tenant, 10);
    expect(sources.map(({ name, documentCount }) => [name, documentCount])).toEqual([
      ['B', 1],
      ['a', 2],
      ['b', 1],
    ]);
    expect(sources[2]?.passageCount).toBeGreaterThan(1);
    expect(sources[0]?.updatedAtMs).toBe(5_000);
    expect(await store.listSources(tenant, 1)).toHaveLength(1);
  });

  test('lists documents by source and id, a page at a time', async () => {
    const tenant = newTenant();
    await put(
      tenant,
      { source: 'b', documentId: '1' },
      { source: 'a', documentId: 'ü' },
      { source: 'a', documentId: 'z' },
      { source: 'a', documentId: 'Z', text: 'wörter', title: 'T', sourceUrl: 'u', writtenAtMs: 7 },
    );
    const page = { source: undefined, after: undefined, limit: 3 };
    const first = await store.list(tenant, page);
    expect(first.map(({ source, documentId }) => source + documentId)).toEqual(['aZ', 'az', 'aü']);
    expect(first[0]).toMatchObject({
      title: 'T',
      sourceUrl: 'u',
      writtenAtMs: 7,
      updatedAtMs: 5_000,
      textBytes: 7,
      passageCount: 1,
    });
    const after = first[2];
    expect((await store.list(tenant, { ...page, after })).map(({ source, documentId }) => source + documentId)).toEqual(
      ['b1'],
    );
    expect(await store.list(tenant, { ...page, source: 'b' })).toHaveLength(1);
  });

  test('keeps tenants apart', async () => {
    const [mine, theirs] = [newTenant(), newTenant()];
    await put(mine, { documentId: 'a', text: 'wing' });
    await put(theirs, { documentId: 'a', text: 'wing wing' }, { documentId: 'b', text: 'wing' });
    expect((await store.rank(mine, ask('wing'))).total).toBe(1);
    expect(await store.delete(mine, [key('a'), key('b')])).toBe(1);
    expect((await store.rank(theirs, ask('wing'))).total).toBe(2);
    expect(await store.list(mine, { source: undefined, after: undefined, limit: 9 })).toEqual([]);
  });

  test('takes a document of thousands of passages', async () => {
    const tenant = newTenant();
    const text = Array.from({ length: 60_000 }, (_, index) => `word${index % 97}`).join(' ');
    const [outcome] = await put(tenant, { documentId: 'big', text });
    expect(outcome?.passageCount).toBeGreaterThan(200);
    expect((await store.rank(tenant, ask('word5'))).total).toBe(outcome?.passageCount);
  });
});

describe('the index in PostgreSQL', () => {
  const word = fc.constantFrom('wing', 'flap', 'tail', 'rudder', 'engine', 'fuel', 'oil', 'propeller', 'the');
  const anyText = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
  const change = fc.record({
    kind: fc.constantFrom('upsert', 'upsert', 'upsert', 'delete'),
    documentId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    source: fc.constantFrom('x', 'y'),
    text: anyText,
  });

  test('ranks as the yardstick does, whatever was written before', async () => {
    const property = fc.asyncProperty(
      fc.array(change, { maxLength: 12 }),
      anyText,
      fc.boolean(),
      async (changes, query, onePerDocument) => {
        const tenant = newTenant();
        const yardstick = new MemoryDocumentStore();
        for (const { kind, source, documentId, text } of changes) {
          const document = await sampleIndexed({ source, documentId, text });
          for (const store of [pgStore, yardstick]) {
            if (kind === 'upsert') await store.upsert(tenant, [document], 0);
            else await store.delete(tenant, [document]);
          }
        }
        const request = ask(query, { onePerDocument, limit: 50 });
        const [actual, expected] = await Promise.all([pgStore.rank(tenant, request), yardstick.rank(tenant, request)]);
        expect(actual.total).toBe(expected.total);
        const scores = (found: typeof actual) => found.passages.map(({ score }) => score.toFixed(9));
        expect(scores(actual)).toEqual(scores(expected));
        expect(ids(actual).toSorted()).toEqual(ids(expected).toSorted());
        expect(await pgStore.listSources(tenant, 10)).toEqual(await yardstick.listSources(tenant, 10));
      },
    );
    await fc.assert(property, { numRuns: 40 });
    await expectExactCounts(database.pool);
  });

  test('stays exact while many write the same documents at the same time', async () => {
    const tenant = newTenant();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 12; round += 1) {
        // Every writer takes the documents in an order of its own, which is how deadlocks are made.
        const batch = await Promise.all(
          Array.from({ length: 6 }, (__, index) => {
            const number = (index * (writer + 1) + round) % 7;
            const text = `wing ${'flap '.repeat((writer + round + index) % 5)}${round % 3 === 0 ? long : ''}`;
            return sampleIndexed({ documentId: `d${number}`, source: number % 2 === 0 ? 'x' : 'y', text });
          }),
        );
        const unique = [...new Map(batch.map((document) => [document.documentId, document])).values()];
        if ((writer + round) % 3 === 0) await pgStore.delete(tenant, unique.slice(0, 4));
        else await pgStore.upsert(tenant, unique, writer * 100 + round);
        await pgStore.rank(tenant, ask('wing'));
      }
    });
    await Promise.all(writers);
    await expectExactCounts(database.pool);
    const documents = await pgStore.list(tenant, { source: undefined, after: undefined, limit: 100 });
    const found = await pgStore.rank(tenant, ask('wing', { onePerDocument: true }));
    expect(found.resultCount).toBe(documents.length);
  });

  test('ranks over one moment while others write: the total never mixes two states', async () => {
    const tenant = newTenant();
    const batch = (word: string) =>
      Promise.all(
        Array.from({ length: 10 }, (_, index) => sampleIndexed({ documentId: `d${index}`, text: `${word} wing` })),
      );
    const versions: readonly (readonly IndexedDocument[])[] = [await batch('old'), await batch('new')];
    await pgStore.upsert(tenant, versions[0] ?? [], 0);
    let isDone = false;
    const reading = (async () => {
      const totals = new Set<number>();
      while (!isDone) totals.add((await pgStore.rank(tenant, ask('wing'))).total);
      return totals;
    })();
    for (let round = 1; round <= 20; round += 1) await pgStore.upsert(tenant, versions[round % 2] ?? [], round);
    isDone = true;
    expect([...(await reading)]).toEqual([10]);
  });

  test('a transaction that fails leaves nothing behind', async () => {
    const tenant = newTenant();
    const good = await sampleIndexed({ documentId: 'good' });
    const bad = { ...(await sampleIndexed({ documentId: 'bad' })), title: 'a\0b' };
    await expect(pgStore.upsert(tenant, [good, bad], 0)).rejects.toThrow(/invalid byte sequence/);
    expect(await pgStore.readVersions(tenant, [good, bad])).toEqual([]);
    await expectExactCounts(database.pool);
  });
});
