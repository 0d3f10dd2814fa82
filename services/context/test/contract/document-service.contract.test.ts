import { type Document, DocumentFormat, UpsertOutcome } from '@gantry/protocol/gantry/context/v1/document_service';
import { afterAll, describe, expect, test } from 'vitest';

import {
  DELETED_DOCUMENTS_MAX,
  LISTED_DOCUMENTS_MAX,
  UPSERTED_DOCUMENTS_MAX,
} from '../../src/handlers/document-handlers.ts';
import { callIngest } from './call-ingest.ts';
import { startContext } from './start-context.ts';

const service = await startContext();
afterAll(() => service[Symbol.asyncDispose]());
const { context, documents, as } = service;

const document = (parts: Partial<Document> = {}): Document => ({
  documentId: 'a',
  source: 'docs',
  title: '',
  text: 'some text',
  format: DocumentFormat.DOCUMENT_FORMAT_UNSPECIFIED,
  sourceUrl: '',
  timestamp: undefined,
  metadataJson: new Uint8Array(),
  type: '',
  ...parts,
});
const { UPSERT_OUTCOME_CREATED: CREATED, UPSERT_OUTCOME_UPDATED: UPDATED } = UpsertOutcome;
const { UPSERT_OUTCOME_UNCHANGED: UNCHANGED, UPSERT_OUTCOME_REFUSED: REFUSED } = UpsertOutcome;

let tenants = 0;
const newTenant = () => as({ tenantId: `tenant-${(tenants += 1)}` });
const find = async (query: string, call: object) =>
  (await context.getContext({ query, maxResults: 50, sources: [], onePerDocument: true }, call)).items;

describe('UpsertDocuments', () => {
  test('answers one outcome a document, in order; what it stored is found at once', async () => {
    const call = await newTenant();
    const batch = [document({ documentId: 'a', text: 'wing' }), document({ documentId: 'b', text: 'flap' })];
    const first = await documents.upsertDocuments({ documents: batch }, call);
    expect(first.results.map(({ outcome }) => outcome)).toEqual([CREATED, CREATED]);
    expect((await find('wing', call)).map(({ documentId }) => documentId)).toEqual(['a']);

    const second = await documents.upsertDocuments(
      { documents: [...batch, document({ documentId: 'a', text: 'tail' })] },
      call,
    );
    expect(second.results).toEqual([
      { documentId: 'a', outcome: UNCHANGED, error: '', passageCount: 1 },
      { documentId: 'b', outcome: UNCHANGED, error: '', passageCount: 1 },
      { documentId: 'a', outcome: UPDATED, error: '', passageCount: 1 },
    ]);
    expect(await find('wing', call)).toEqual([]);
  });

  test('refuses the bad documents of a batch in a sentence each, and stores the others', async () => {
    const call = await newTenant();
    const batch = [
      document({ documentId: 'nul', text: 'a\0b' }),
      document({ documentId: 'json', metadataJson: Buffer.from('{"a":') }),
      document({ documentId: 'utf8', metadataJson: new Uint8Array([0x7b, 0xff, 0x7d]) }),
      document({ documentId: '' }),
      document({ documentId: 'empty', text: ' ' }),
      document({ documentId: 'long', text: 'x'.repeat(2 * 1024 * 1024 + 1) }),
      document({ documentId: 'x'.repeat(501) }),
      document({ documentId: 'good', source: '', text: 'wing' }),
    ];
    const { results } = await documents.upsertDocuments({ documents: batch }, call);
    expect(results.map(({ outcome }) => outcome)).toEqual([
      REFUSED,
      REFUSED,
      REFUSED,
      REFUSED,
      REFUSED,
      REFUSED,
      REFUSED,
      CREATED,
    ]);
    for (const { error, outcome } of results) {
      if (outcome === REFUSED) expect(error).toMatch(/^the (text|metadata|document id) .{5,}/);
    }
    expect(await find('wing', call)).toMatchObject([{ source: 'default', documentId: 'good' }]);
  });

  test('takes one word of 2 MiB, and text in any script', async () => {
    const call = await newTenant();
    const batch = [
      document({ documentId: 'word', text: 'x'.repeat(2 * 1024 * 1024) }),
      document({ documentId: 'jp', text: '東京タワーは高い。'.repeat(200) }),
      document({ documentId: 'odd', text: '\u202e\ufeff\u{10ffff} \u0001 wing' }),
    ];
    const { results } = await documents.upsertDocuments({ documents: batch }, call);
    expect(results.map(({ outcome }) => outcome)).toEqual([CREATED, CREATED, CREATED]);
    expect(await find('東京', call)).toMatchObject([{ documentId: 'jp' }]);
    expect(await find('x'.repeat(4_096), call)).toMatchObject([{ documentId: 'word' }]);
  });

  test('shows a passage of Markdown under its headings', async () => {
    const call = await newTenant();
    const text = `# Guide\n\n## Install\n\n${'It is installed by a single command that nobody can forget. '.repeat(60)}Then rejoice.`;
    await documents.upsertDocuments(
      { documents: [document({ text, format: DocumentFormat.DOCUMENT_FORMAT_MARKDOWN })] },
      call,
    );
    const [item] = await find('rejoice', call);
    expect(item?.content).toMatch(/^Guide › Install\n\n/);
  });

  test('takes 500 documents and no more', async () => {
    const call = await newTenant();
    const batch = Array.from({ length: UPSERTED_DOCUMENTS_MAX }, (_, index) => document({ documentId: `d${index}` }));
    const { results } = await documents.upsertDocuments({ documents: batch }, call);
    expect(results.every(({ outcome }) => outcome === CREATED)).toBe(true);
    await expect(documents.upsertDocuments({ documents: [...batch, document()] }, call)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'CONTEXT_REQUEST_INVALID',
    });
    expect(await documents.upsertDocuments({ documents: [] }, call)).toEqual({ results: [] });
  });

  test('refuses a message beyond what the server takes', async () => {
    const batch = Array.from({ length: 3 }, (_, index) =>
      document({ documentId: `d${index}`, text: 'word '.repeat(400_000) }),
    );
    await expect(documents.upsertDocuments({ documents: batch }, await newTenant())).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
  });
});

describe('DeleteDocuments', () => {
  test('counts what was there and what was not', async () => {
    const call = await newTenant();
    await documents.upsertDocuments(
      { documents: [document({ source: '' }), document({ documentId: 'b', source: '' })] },
      call,
    );
    const deleted = await documents.deleteDocuments({ source: '', documentIds: ['a', 'x', 'a'] }, call);
    expect(deleted).toEqual({ deletedCount: 1, missingCount: 1 });
    expect((await find('text', call)).map(({ documentId }) => documentId)).toEqual(['b']);
  });

  test.each([
    [{ documentIds: Array.from({ length: DELETED_DOCUMENTS_MAX + 1 }, (_, index) => `${index}`) }],
    [{ documentIds: [''] }],
    [{ documentIds: ['\0'] }],
    [{ source: 's'.repeat(201) }],
  ])('refuses %.50j as CONTEXT_REQUEST_INVALID', async (parts) => {
    const request = { source: '', documentIds: [], ...parts };
    await expect(documents.deleteDocuments(request, await newTenant())).rejects.toMatchObject({
      reason: 'CONTEXT_REQUEST_INVALID',
    });
  });
});

describe('ListDocuments', () => {
  test('pages through documents by source and id, without their text', async () => {
    const call = await newTenant();
    const timestamp = new Date('1999-12-31T23:59:59.000Z');
    const batch = [
      document({ documentId: 'b' }),
      document({ documentId: 'a', title: 'T', sourceUrl: 'https://example.com', timestamp, text: 'wörter' }),
      document({ documentId: 'c', source: 'abc' }),
    ];
    await documents.upsertDocuments({ documents: batch }, call);
    const first = await documents.listDocuments({ source: '', pageSize: 2, pageToken: '' }, call);
    expect(first.documents.map(({ source, documentId }) => `${source}/${documentId}`)).toEqual(['abc/c', 'docs/a']);
    expect(first.documents[1]).toEqual({
      documentId: 'a',
      source: 'docs',
      title: 'T',
      sourceUrl: 'https://example.com',
      timestamp,
      updatedAt: expect.any(Date),
      textBytes: 7n,
      passageCount: 1,
    });
    const second = await documents.listDocuments({ source: '', pageSize: 2, pageToken: first.nextPageToken }, call);
    expect(second.documents.map(({ documentId }) => documentId)).toEqual(['b']);
    expect(second.nextPageToken).toBe('');
    const some = await documents.listDocuments({ source: 'abc', pageSize: 0, pageToken: '' }, call);
    expect(some.documents).toHaveLength(1);
  });

  test('refuses a page that is too large, and a token that is not its own as PAGE_TOKEN_INVALID', async () => {
    const call = await newTenant();
    const request = { source: '', pageSize: 0, pageToken: '' };
    await expect(
      documents.listDocuments({ ...request, pageSize: LISTED_DOCUMENTS_MAX + 1 }, call),
    ).rejects.toMatchObject({ reason: 'CONTEXT_REQUEST_INVALID' });
    await expect(documents.listDocuments({ ...request, pageToken: 'x' }, call)).rejects.toMatchObject({
      reason: 'PAGE_TOKEN_INVALID',
    });
    expect((await documents.listDocuments({ ...request, pageSize: LISTED_DOCUMENTS_MAX }, call)).documents).toEqual([]);
  });
});

test('ingestDocuments is UNIMPLEMENTED and says so', async () => {
  const target = service.service.endpoints['grpc'] ?? '';
  const { assertion } = await as();
  const status = await callIngest(target, assertion);
  expect(status).toMatchObject({ 'grpc-status': '12' });
  expect(decodeURIComponent(status['grpc-message'])).toMatch(
    /IngestDocuments is part of the contract but not available/,
  );
  expect(await callIngest(target, undefined)).toMatchObject({ 'grpc-status': '16' });
});

test('a tenant sees and deletes its own documents only', async () => {
  const [mine, theirs] = [await newTenant(), await newTenant()];
  await documents.upsertDocuments({ documents: [document({ text: 'wing' })] }, theirs);
  expect(await find('wing', mine)).toEqual([]);
  expect(await documents.deleteDocuments({ source: 'docs', documentIds: ['a'] }, mine)).toEqual({
    deletedCount: 0,
    missingCount: 1,
  });
  expect((await documents.listDocuments({ source: '', pageSize: 0, pageToken: '' }, mine)).documents).toEqual([]);
  expect(await find('wing', theirs)).toHaveLength(1);
});

describe('every method', () => {
  const calls = {
    upsertDocuments: (options: object) => documents.upsertDocuments({ documents: [document()] }, options),
    deleteDocuments: (options: object) => documents.deleteDocuments({ source: '', documentIds: ['a'] }, options),
    listDocuments: (options: object) => documents.listDocuments({ source: '', pageSize: 0, pageToken: '' }, options),
  };

  test.each(Object.entries(calls))('%s needs a caller and its permission', async (_name, call) => {
    await expect(call({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(call(await as({ permissions: ['context:read', 'sessions:*'] }))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  test.each(Object.entries(calls))(
    '%s ends when its caller has gone or the deadline has passed',
    async (_name, call) => {
      const options = await newTenant();
      await expect(call({ ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect(call({ ...options, deadlineMs: 1 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    },
  );

  test('reading is not writing', async () => {
    const reader = await as({ permissions: ['documents:read'] });
    await calls.listDocuments(reader);
    await expect(calls.upsertDocuments(reader)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(calls.deleteDocuments(reader)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});
