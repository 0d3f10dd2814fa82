import { createTestDatabase, type TestDatabase } from '@gantry/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type ResourceUnderTest, startResource } from '../resource-under-test.ts';

let database: TestDatabase;
let service: ResourceUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startResource(database.url, { fileRoots: [import.meta.dirname] });
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const list = (parts: { pageToken?: string; scheme?: string }) => ({ pageSize: 0, pageToken: '', scheme: '', ...parts });
const tokenOf = (text: string) => Buffer.from(text).toString('base64url');

describe('an answer quotes little of a request', () => {
  test('of a scheme', async () => {
    const quoted = `${'é'.repeat(63)}…`;
    const description = `no connector serves the scheme "${quoted}"; use one of file, http, https`;
    const request = list({ scheme: 'é'.repeat(30_000) });
    await expect(service.resources.listResources(request, await service.as())).rejects.toMatchObject({
      reason: 'RESOURCE_SCHEME_UNKNOWN',
      message: description,
      metadata: { scheme: quoted },
      fieldViolations: [{ field: 'uri', description }],
    });
  });

  test('of a uri', async () => {
    const request = { uri: `file:///srv/${'x'.repeat(1_000)}`, bypassCache: false };
    await expect(service.resources.readResource(request, await service.as())).rejects.toMatchObject({
      reason: 'RESOURCE_NOT_FOUND',
      metadata: { uri: `file:///srv/${'x'.repeat(187)}…` },
    });
  });
});

describe('listResources', () => {
  // The last one is a token of another request: only files are listed, and this asks for https.
  test.each([
    list({ pageToken: 'AAAA' }),
    list({ pageToken: 'W10' }),
    list({ pageToken: 'e30' }),
    list({ pageToken: tokenOf('https://example.com/') }),
    list({ pageToken: tokenOf('file:///srv/a'), scheme: 'https' }),
  ])('refuses a page token that it never gave: %j', async (request) => {
    await expect(service.resources.listResources(request, await service.as())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'PAGE_TOKEN_INVALID',
    });
  });
});
