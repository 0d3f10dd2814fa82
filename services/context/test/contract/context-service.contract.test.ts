import type { ContextItem } from '@gantry/protocol/gantry/context/v1/context_service';
import { type Document, DocumentFormat } from '@gantry/protocol/gantry/context/v1/document_service';
import { afterAll, describe, expect, test } from 'vitest';

import {
  ENTRIES_PER_APPEND_MAX,
  ENTRY_CONTENT_BYTES_MAX,
  ENTRY_ID_CHARACTERS_MAX,
  SESSION_ENTRIES_MAX,
  SESSION_ID_CHARACTERS_MAX,
} from '../../src/domain/session.ts';
import {
  QUERY_CHARACTERS_MAX,
  QUESTION_SOURCES_MAX,
  RESULTS_MAX,
  SEARCH_DEPTH_MAX,
} from '../../src/handlers/context-handlers.ts';
import { startContext } from './start-context.ts';

const service = await startContext();
afterAll(() => service[Symbol.asyncDispose]());
const { context, documents, as } = service;

const document = (parts: Partial<Document>): Document => ({
  documentId: 'a',
  source: 'docs',
  title: '',
  text: 'some text',
  format: DocumentFormat.DOCUMENT_FORMAT_PLAIN,
  sourceUrl: '',
  timestamp: undefined,
  metadataJson: new Uint8Array(),
  type: '',
  ...parts,
});

let tenants = 0;
/** A tenant of its own with these documents. */
async function tenantWith(...given: readonly Partial<Document>[]) {
  const tenantId = `tenant-${(tenants += 1)}`;
  if (given.length > 0) await documents.upsertDocuments({ documents: given.map(document) }, await as({ tenantId }));
  return { tenantId, call: await as({ tenantId }) };
}

const question = { query: 'wing', maxResults: 0, sources: [], onePerDocument: false };
const lookFor = { query: 'wing', source: '', pageSize: 0, pageToken: '' };
const ids = (items: readonly ContextItem[]) => items.map(({ documentId }) => documentId);
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ documentId: `d${index}`, text: `wing ${index}` }));

describe('GetContext', () => {
  test('answers the best passages first, with their sources', async () => {
    const timestamp = new Date('2020-02-03T04:05:06.789Z');
    const { call } = await tenantWith(
      { documentId: '1', text: 'A rudder and a wing.', title: 'Parts' },
      {
        documentId: '2',
        text: 'wing wing',
        source: 'wiki',
        sourceUrl: 'https://example.com/2',
        timestamp,
        metadataJson: Buffer.from('{"year":1958}'),
        type: 'page',
      },
      { documentId: '3', text: 'nothing of it' },
    );
    const { items, total, queryId } = await context.getContext(question, call);
    expect(total).toBe(2n);
    expect(queryId).toMatch(/^[\w-]{16,}$/);
    expect(ids(items)).toEqual(['2', '1']);
    expect(items[0]).toMatchObject({
      content: 'wing wing',
      type: 'page',
      source: 'wiki',
      relevance: 1,
      timestamp,
      sourceUrl: 'https://example.com/2',
      title: '',
    });
    expect(Buffer.from(items[0]?.metadataJson ?? []).toString()).toBe('{"year":1958}');
    expect(items[1]).toMatchObject({ type: 'document', source: 'docs', title: 'Parts', sourceUrl: '' });
    expect(Buffer.from(items[1]?.metadataJson ?? []).toString()).toBe('{}');
    expect(items[1]?.relevance).toBeCloseTo((items[1]?.score ?? 0) / (items[0]?.score ?? 1), 12);
    expect(items[1]?.timestamp?.getTime()).toBeGreaterThan(timestamp.getTime());
  });

  test('finds nothing for strange words, stop words and in an empty tenant, and that is a success', async () => {
    const { call } = await tenantWith({ text: 'wing' });
    for (const query of ['zzzzzz', 'what is the', '???', '\u0000 \ud83d\ude00']) {
      const answer = context.getContext({ ...question, query }, call);
      if (query.includes('\0')) await expect(answer).rejects.toMatchObject({ reason: 'CONTEXT_REQUEST_INVALID' });
      else expect(await answer).toMatchObject({ items: [], total: 0n });
    }
    const empty = await tenantWith();
    expect((await context.getContext(question, empty.call)).items).toEqual([]);
  });

  test('gives 10 items, or as many as asked for, up to 50', async () => {
    const { call } = await tenantWith(...many(60));
    const counts = await Promise.all(
      [0, 1, 50].map(async (maxResults) => (await context.getContext({ ...question, maxResults }, call)).items.length),
    );
    expect(counts).toEqual([10, 1, 50]);
  });

  test('keeps to the sources asked for, and to one passage a document', async () => {
    const text = Array.from({ length: 100 }, (_, index) => `Sentence ${index} is about a wing.`).join(' ');
    const { call } = await tenantWith(
      { documentId: 'long', text },
      { documentId: 'other', source: 'wiki', text: 'wing' },
    );
    const answer = await context.getContext({ ...question, sources: ['docs'], onePerDocument: true }, call);
    expect(ids(answer.items)).toEqual(['long']);
    expect(answer.total).toBeGreaterThan(1n);
  });

  test('takes a query at its limit', async () => {
    const { call } = await tenantWith({ text: 'wing' });
    const query = 'wing '.repeat(QUERY_CHARACTERS_MAX).slice(0, QUERY_CHARACTERS_MAX);
    expect((await context.getContext({ ...question, query }, call)).total).toBe(1n);
    const sources = Array.from({ length: QUESTION_SOURCES_MAX }, (_, index) => `s${index}`);
    expect((await context.getContext({ ...question, sources }, call)).total).toBe(0n);
  });

  test.each([
    [{ query: '' }, 'query'],
    [{ query: ' \n ' }, 'query'],
    [{ query: 'x'.repeat(QUERY_CHARACTERS_MAX + 1) }, 'query'],
    [{ maxResults: RESULTS_MAX + 1 }, 'max_results'],
    [{ sources: Array.from({ length: QUESTION_SOURCES_MAX + 1 }, () => 's') }, 'sources'],
    [{ sources: ['x'.repeat(201)] }, 'sources'],
    [{ sources: ['\0'] }, 'sources'],
  ])('refuses %.60j as CONTEXT_REQUEST_INVALID', async (parts, field) => {
    await expect(context.getContext({ ...question, ...parts }, await as())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'CONTEXT_REQUEST_INVALID',
      domain: 'context',
      fieldViolations: [expect.objectContaining({ field })],
    });
  });
});

describe('Search', () => {
  test('pages through all results without a gap or a repetition', async () => {
    const { call } = await tenantWith(...many(25));
    const found: string[] = [];
    let pageToken = '';
    do {
      const page = await context.search({ ...lookFor, pageSize: 7, pageToken }, call);
      expect(page.total).toBe(25n);
      found.push(...ids(page.items));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(found).toHaveLength(25);
    expect(new Set(found).size).toBe(25);
  });

  test('ends at 1,000 results', async () => {
    const { tenantId, call } = await tenantWith();
    const all = many(SEARCH_DEPTH_MAX + 20).map(document);
    for (let from = 0; from < all.length; from += 500) {
      await documents.upsertDocuments({ documents: all.slice(from, from + 500) }, await as({ tenantId }));
    }
    let count = 0;
    let pageToken = '';
    do {
      const page = await context.search({ ...lookFor, pageSize: 48, pageToken }, call);
      count += page.items.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(count).toBe(SEARCH_DEPTH_MAX);
  });

  test('keeps to one source, and says when there is none of this name', async () => {
    const { call } = await tenantWith({ text: 'wing' }, { documentId: 'b', source: 'wiki', text: 'wing' });
    expect(ids((await context.search({ ...lookFor, source: 'wiki' }, call)).items)).toEqual(['b']);
    await expect(context.search({ ...lookFor, source: 'nowhere' }, call)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      reason: 'SOURCE_NOT_FOUND',
      metadata: { source: 'nowhere' },
    });
  });

  test('refuses a page token that is not its own as PAGE_TOKEN_INVALID', async () => {
    const { call } = await tenantWith(...many(12));
    const { nextPageToken } = await context.search(lookFor, call);
    for (const request of [
      { ...lookFor, pageToken: 'x' },
      { ...lookFor, query: 'flap', pageToken: nextPageToken },
    ]) {
      await expect(context.search(request, call)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        reason: 'PAGE_TOKEN_INVALID',
      });
    }
  });

  test.each([[{ query: '' }], [{ pageSize: RESULTS_MAX + 1 }], [{ source: 'x'.repeat(201) }], [{ source: '\0' }]])(
    'refuses %.60j as CONTEXT_REQUEST_INVALID',
    async (parts) => {
      await expect(context.search({ ...lookFor, ...parts }, await as())).rejects.toMatchObject({
        reason: 'CONTEXT_REQUEST_INVALID',
      });
    },
  );
});

test('listSources lists what holds documents, with counts', async () => {
  const { call } = await tenantWith({ source: 'b' }, { source: 'a' }, { source: 'a', documentId: 'x' });
  const { sources } = await context.listSources({}, call);
  expect(sources).toEqual([
    { name: 'a', documentCount: 2n, passageCount: 2n, updatedAt: expect.any(Date) },
    { name: 'b', documentCount: 1n, passageCount: 1n, updatedAt: expect.any(Date) },
  ]);
});

test('streamContext is UNIMPLEMENTED and says so', async () => {
  const stream = context.streamContext({ request: question }, await as());
  await expect(Array.fromAsync(stream)).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: expect.stringMatching(/StreamContext is part of the contract but not available/),
  });
});

describe('a session', () => {
  const entry = (entryId: string, content = 'hello') => ({ entryId, role: 'user', content, appendedAt: undefined });

  test('keeps what appendSessionContext appended, getSessionContext reads it, deleteSessionContext drops it', async () => {
    const call = await as({ userId: 'ann' });
    const appended = await context.appendSessionContext(
      { sessionId: 's', entries: [entry('1'), entry('2', 'wörld')] },
      call,
    );
    expect(appended).toEqual({ entryCount: 2, contentBytes: 11n, trimmedCount: 0 });
    const window = await context.getSessionContext({ sessionId: 's' }, call);
    expect(window.contentBytes).toBe(11n);
    expect(window.entries).toEqual([
      { ...entry('1'), appendedAt: expect.any(Date) },
      { ...entry('2', 'wörld'), appendedAt: expect.any(Date) },
    ]);
    await context.deleteSessionContext({ sessionId: 's' }, call);
    expect(await context.getSessionContext({ sessionId: 's' }, call)).toEqual({ entries: [], contentBytes: 0n });
  });

  test('is trimmed at its cap', async () => {
    const call = await as({ userId: 'bob' });
    for (let from = 0; from < SESSION_ENTRIES_MAX + ENTRIES_PER_APPEND_MAX; from += ENTRIES_PER_APPEND_MAX) {
      const entries = Array.from({ length: ENTRIES_PER_APPEND_MAX }, (_, index) => entry(`e${from + index}`));
      await context.appendSessionContext({ sessionId: 's', entries }, call);
    }
    const { entries } = await context.getSessionContext({ sessionId: 's' }, call);
    expect(entries).toHaveLength(SESSION_ENTRIES_MAX);
    expect(entries[0]?.entryId).toBe(`e${ENTRIES_PER_APPEND_MAX}`);
  });

  test('of another user with the same id is another one', async () => {
    await context.appendSessionContext({ sessionId: 'shared', entries: [entry('1')] }, await as({ userId: 'carol' }));
    const { entries } = await context.getSessionContext({ sessionId: 'shared' }, await as({ userId: 'dave' }));
    expect(entries).toEqual([]);
  });

  test.each([
    [{ sessionId: '' }, 'session_id'],
    [{ sessionId: 's'.repeat(SESSION_ID_CHARACTERS_MAX + 1) }, 'session_id'],
    [{ entries: Array.from({ length: ENTRIES_PER_APPEND_MAX + 1 }, (_, index) => entry(`${index}`)) }, 'entries'],
    [{ entries: [entry('')] }, 'entries[0].entry_id'],
    [{ entries: [entry('e'.repeat(ENTRY_ID_CHARACTERS_MAX + 1))] }, 'entries[0].entry_id'],
    [{ entries: [entry('1'), { ...entry('2'), role: 'robot' }] }, 'entries[1].role'],
    [{ entries: [entry('1', 'x'.repeat(ENTRY_CONTENT_BYTES_MAX + 1))] }, 'entries[0].content'],
    [{ entries: [entry('1', 'ü'.repeat(ENTRY_CONTENT_BYTES_MAX / 2 + 1))] }, 'entries[0].content'],
    [{ entries: [entry('1', 'a\0b')] }, 'entries[0].content'],
  ])('refuses %.50j as CONTEXT_REQUEST_INVALID', async (parts, field) => {
    const request = { sessionId: 's', entries: [entry('1')], ...parts };
    await expect(context.appendSessionContext(request, await as())).rejects.toMatchObject({
      reason: 'CONTEXT_REQUEST_INVALID',
      fieldViolations: [expect.objectContaining({ field })],
    });
  });

  test('without an id cannot be read or deleted', async () => {
    const call = await as();
    await expect(context.getSessionContext({ sessionId: '' }, call)).rejects.toMatchObject({
      reason: 'CONTEXT_REQUEST_INVALID',
    });
    await expect(context.deleteSessionContext({ sessionId: '\0' }, call)).rejects.toMatchObject({
      reason: 'CONTEXT_REQUEST_INVALID',
    });
  });
});

describe('every method', () => {
  const calls = {
    getContext: (options: object) => context.getContext(question, options),
    search: (options: object) => context.search(lookFor, options),
    listSources: (options: object) => context.listSources({}, options),
    appendSessionContext: (options: object) => context.appendSessionContext({ sessionId: 's', entries: [] }, options),
    getSessionContext: (options: object) => context.getSessionContext({ sessionId: 's' }, options),
    deleteSessionContext: (options: object) => context.deleteSessionContext({ sessionId: 's' }, options),
  };

  test.each(Object.entries(calls))('%s needs a caller', async (_name, call) => {
    await expect(call({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(call({ assertion: 'forged' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test.each(Object.entries(calls))('%s needs its permission', async (_name, call) => {
    const options = await as({ permissions: ['documents:read', 'context:write', 'tools:*'] });
    await expect(call(options)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', reason: 'PERMISSION_DENIED' });
  });

  test.each(Object.entries(calls))(
    '%s ends when its caller has gone or the deadline has passed',
    async (_name, call) => {
      const options = await as();
      await expect(call({ ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect(call({ ...options, deadlineMs: 1 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    },
  );
});

test('reading context needs no more than context:read, a session no more than its own', async () => {
  await context.getContext(question, await as({ permissions: ['context:read'] }));
  await context.listSources({}, await as({ permissions: ['context:read'] }));
  await context.getSessionContext({ sessionId: 's' }, await as({ permissions: ['sessions:read'] }));
  await context.deleteSessionContext({ sessionId: 's' }, await as({ permissions: ['sessions:write'] }));
});
