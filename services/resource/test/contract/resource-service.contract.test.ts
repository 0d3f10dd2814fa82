import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { createPool } from '@gantry/postgres';
import { createTestDatabase, type TestDatabase, testPlatform, testRedisUrl } from '@gantry/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Config } from '../../src/config.ts';
import { type ResourceUnderTest, startResource } from '../resource-under-test.ts';

let database: TestDatabase;
let folder = '';
let source: Server;
let sourceHost = '';
let requests = 0;
let answer: RequestListener = (_request, response) => response.end();
const started: AsyncDisposable[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  source = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
  const address = source.address();
  sourceHost = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  source.close();
  source.closeAllConnections();
  await database[Symbol.asyncDispose]();
});

beforeEach(() => {
  requests = 0;
  folder = mkdtempSync(join(tmpdir(), 'gantry-resource-'));
  mkdirSync(join(folder, 'docs'));
  mkdirSync(join(folder, 'private'));
  writeFileSync(join(folder, 'docs', 'a.md'), '# A');
  writeFileSync(join(folder, 'docs', 'b.bin'), Buffer.from([0xff, 0x00]));
  writeFileSync(join(folder, 'private', 'c.md'), '# C');
});

afterEach(async () => {
  for (const service of started.splice(0)) await service[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function start(parts: Partial<Config> = {}): Promise<ResourceUnderTest> {
  const service = await startResource(database.url, {
    fileRoots: [folder],
    httpAllowHosts: [sourceHost],
    filePollMs: 10,
    httpPollMs: 10,
    ...parts,
  });
  started.push(service);
  return service;
}

/** Every test reads pages of its own: the copies of others are in the same database. */
let pages = 0;
function pageUri(): string {
  pages += 1;
  return `http://${sourceHost}/page-${pages}`;
}

const uriOf = (...path: string[]): string => pathToFileURL(join(folder, ...path)).href;
const read = (uri: string, bypassCache = false) => ({ uri, bypassCache });
const list = (parts: { pageSize?: number; pageToken?: string; scheme?: string } = {}) => ({
  pageSize: 0,
  pageToken: '',
  scheme: '',
  ...parts,
});

describe('readResource', () => {
  test('reads a file as text and another as bytes', async () => {
    const { resources, as } = await start();
    expect(await resources.readResource(read(uriOf('docs', 'a.md')), await as())).toMatchObject({
      uri: uriOf('docs', 'a.md'),
      mimeType: 'text/markdown',
      content: { $case: 'text', value: '# A' },
      version: expect.stringMatching(/^[0-9a-f]{64}$/),
      fromCache: false,
      fetchedAt: expect.any(Date),
    });
    const { content } = await resources.readResource(read(uriOf('docs', 'b.bin')), await as());
    expect(content).toMatchObject({ $case: 'blob' });
  });

  test('never serves a file that changed from the cache', async () => {
    const { resources, as } = await start();
    await resources.readResource(read(uriOf('docs', 'a.md')), await as());
    writeFileSync(join(folder, 'docs', 'a.md'), '# B');
    expect(await resources.readResource(read(uriOf('docs', 'a.md')), await as())).toMatchObject({
      content: { $case: 'text', value: '# B' },
      fromCache: false,
    });
  });

  test.each(['with Redis', 'without Redis'])('serves a page from the cache until told otherwise, %s', async (how) => {
    const redisUrl = how === 'with Redis' ? testRedisUrl() : undefined;
    const one = await start({ redisUrl });
    const uri = pageUri();
    answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`answer ${requests}`);
    const first = await one.resources.readResource(read(uri), await one.as());
    expect(first).toMatchObject({ content: { value: 'answer 1' }, fromCache: false });
    expect(await one.resources.readResource(read(uri), await one.as())).toEqual({ ...first, fromCache: true });
    expect(await one.resources.readResource(read(uri, true), await one.as())).toMatchObject({
      content: { value: 'answer 2' },
      fromCache: false,
    });
    // Another replica finds it in the shared levels, once what is written behind has arrived there.
    const two = await start({ redisUrl });
    await expect
      .poll(async () => two.resources.readResource(read(uri), await two.as()))
      .toMatchObject({ content: { value: 'answer 2' }, fromCache: true });
  });

  test('keeps the copies of tenants apart', async () => {
    const { resources, as } = await start();
    const uri = pageUri();
    answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`answer ${requests}`);
    await resources.readResource(read(uri), await as({ tenantId: 'one' }));
    expect(await resources.readResource(read(uri), await as({ tenantId: 'two' }))).toMatchObject({
      content: { value: 'answer 2' },
      fromCache: false,
    });
  });

  test('remembers for a short while that there is nothing', async () => {
    const { resources, as } = await start();
    const uri = pageUri();
    answer = (_request, response) => response.writeHead(404).end();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(resources.readResource(read(uri), await as())).rejects.toMatchObject({
        code: 'NOT_FOUND',
        reason: 'RESOURCE_NOT_FOUND',
      });
    }
    expect(requests).toBe(1);
  });

  test.each([
    ['RESOURCE_URI_INVALID', 'not a uri'],
    ['RESOURCE_URI_INVALID', `https://example.com/${'a'.repeat(2_048)}`],
    ['RESOURCE_SCHEME_UNKNOWN', 'gopher://example.com/'],
  ])('answers INVALID_ARGUMENT %s', async (reason, uri) => {
    const { resources, as } = await start();
    await expect(resources.readResource(read(uri), await as())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason,
      domain: 'resource',
      fieldViolations: [{ field: 'uri', description: expect.any(String) }],
    });
  });

  test('answers the same for a file that is missing, outside the roots, or not allowed', async () => {
    const { resources, as } = await start();
    symlinkSync(join(folder, 'private', 'c.md'), join(folder, 'docs', 'link.md'));
    const onlyDocs = await as({ permissions: [`resources/${uriOf('docs')}:read`] });
    expect(await resources.readResource(read(uriOf('docs', 'a.md')), onlyDocs)).toMatchObject({
      uri: uriOf('docs', 'a.md'),
    });
    const errors = await Promise.all(
      [uriOf('docs', 'missing.md'), 'file:///etc/passwd', uriOf('private', 'c.md'), uriOf('docs', 'link.md')].map(
        async (uri) => resources.readResource(read(uri), onlyDocs).catch((error: unknown) => error),
      ),
    );
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'NOT_FOUND',
        reason: 'RESOURCE_NOT_FOUND',
        message: 'there is no resource at this uri, or you may not read it',
      });
    }
  });

  test('answers PERMISSION_DENIED RESOURCE_ADDRESS_FORBIDDEN for an address that is not public', async () => {
    const { resources, as } = await start({ httpAllowHosts: [] });
    await expect(resources.readResource(read(`http://${sourceHost}/`), await as())).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'RESOURCE_ADDRESS_FORBIDDEN',
    });
    expect(requests).toBe(0);
  });

  test('answers RESOURCE_ADDRESS_FORBIDDEN for a public name that is at a private address', async () => {
    const service = await startResource(
      database.url,
      {},
      { resolveHost: async () => [{ address: '127.0.0.1', family: 4 }] },
    );
    started.push(service);
    const uri = `http://docs.example.com:${new URL(`http://${sourceHost}`).port}/`;
    await expect(service.resources.readResource(read(uri), await service.as())).rejects.toMatchObject({
      reason: 'RESOURCE_ADDRESS_FORBIDDEN',
    });
    expect(requests).toBe(0);
  });

  test('answers RESOURCE_EXHAUSTED RESOURCE_TOO_LARGE beyond 4 MiB, and reads what just fits', async () => {
    const { resources, as } = await start();
    writeFileSync(join(folder, 'docs', 'large.bin'), Buffer.alloc(4 * 1024 * 1024));
    const { content } = await resources.readResource(read(uriOf('docs', 'large.bin')), await as());
    expect(content?.value).toHaveLength(4 * 1024 * 1024);
    writeFileSync(join(folder, 'docs', 'large.bin'), Buffer.alloc(4 * 1024 * 1024 + 1));
    await expect(resources.readResource(read(uriOf('docs', 'large.bin')), await as())).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'RESOURCE_TOO_LARGE',
    });
  });

  test('answers RESOURCE_EXHAUSTED CONNECTOR_RATE_LIMITED per tenant and connector, and says when to come back', async () => {
    const { resources, as } = await start({ readsPerMinute: 2 });
    const tenant = await as({ tenantId: `limited-${pages}` });
    for (let taken = 0; taken < 2; taken += 1) await resources.readResource(read(uriOf('docs', 'a.md')), tenant);
    await expect(resources.readResource(read(uriOf('docs', 'a.md')), tenant)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'CONNECTOR_RATE_LIMITED',
      retryAfterMs: expect.toSatisfy((wait: number) => wait > 0 && wait <= 30_000),
    });
    await resources.readResource(read(uriOf('docs', 'a.md')), await as({ tenantId: 'another' }));
    answer = (_request, response) => response.end('x');
    await resources.readResource(read(pageUri()), tenant);
  });

  test('answers UNAVAILABLE UPSTREAM_UNAVAILABLE when the source fails', async () => {
    const { resources, as } = await start();
    answer = (_request, response) => response.writeHead(500).end('a stack trace');
    await expect(resources.readResource(read(pageUri()), await as())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'UPSTREAM_UNAVAILABLE',
      message: 'the source answers with status 500; try again later',
    });
  });

  test('answers DEADLINE_EXCEEDED UPSTREAM_TIMED_OUT when the source hangs', async () => {
    const { resources, as } = await start({ httpTimeouts: { connectMs: 50, headersMs: 50, totalMs: 50 } });
    answer = () => {};
    await expect(resources.readResource(read(pageUri()), await as())).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      reason: 'UPSTREAM_TIMED_OUT',
    });
  });

  test('ends at the deadline of the caller', async () => {
    const { resources, as } = await start();
    answer = () => {};
    await expect(
      resources.readResource(read(pageUri()), { ...(await as()), deadlineMs: Date.now() + 300 }),
    ).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('ends when the caller goes, and lets go of the source', async () => {
    const { resources, as } = await start();
    const caller = new AbortController();
    const isClosed = Promise.withResolvers<void>();
    answer = (request) => {
      request.socket.on('close', () => isClosed.resolve());
      caller.abort();
    };
    await expect(
      resources.readResource(read(pageUri()), { ...(await as()), signal: caller.signal }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    await isClosed.promise;
  });
});

describe('listResources', () => {
  test('lists the files the caller may read, in order, page by page', async () => {
    const { resources, as } = await start();
    const everything = await as();
    const first = await resources.listResources(list({ pageSize: 2 }), everything);
    const second = await resources.listResources(list({ pageSize: 2, pageToken: first.nextPageToken }), everything);
    expect([...first.resources, ...second.resources].map(({ uri }) => uri)).toEqual([
      uriOf('docs', 'a.md'),
      uriOf('docs', 'b.bin'),
      uriOf('private', 'c.md'),
    ]);
    expect(second.nextPageToken).toBe('');
    expect(first.resources[0]).toMatchObject({
      name: 'a.md',
      mimeType: 'text/markdown',
      sizeBytes: 3n,
      updatedAt: expect.any(Date),
    });
  });

  test('leaves out what the caller may not read, also behind a link', async () => {
    const { resources, as } = await start();
    symlinkSync(join(folder, 'private', 'c.md'), join(folder, 'docs', 'link.md'));
    const onlyDocs = await as({ permissions: [`resources/${uriOf('docs')}:read`] });
    const { resources: listed } = await resources.listResources(list(), onlyDocs);
    expect(listed.map(({ uri }) => uri)).toEqual([uriOf('docs', 'a.md'), uriOf('docs', 'b.bin')]);
    expect(await resources.listResources(list(), await as({ permissions: [] }))).toMatchObject({ resources: [] });
  });

  test('filters by scheme; what cannot be listed is empty', async () => {
    const { resources, as } = await start();
    expect((await resources.listResources(list({ scheme: 'file' }), await as())).resources).toHaveLength(3);
    expect((await resources.listResources(list({ scheme: 'https' }), await as())).resources).toEqual([]);
  });

  test.each([
    ['PAGE_SIZE_INVALID', list({ pageSize: 1_001 })],
    ['PAGE_TOKEN_INVALID', list({ pageToken: '*' })],
    ['RESOURCE_SCHEME_UNKNOWN', list({ scheme: 'gopher' })],
  ])('answers INVALID_ARGUMENT %s', async (reason, request) => {
    const { resources, as } = await start();
    await expect(resources.listResources(request, await as())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason,
    });
  });
});

describe('listResourceTemplates', () => {
  test('lists the templates the caller may use', async () => {
    const { resources, as } = await start();
    const { templates } = await resources.listResourceTemplates({}, await as());
    expect(templates.map(({ uriTemplate }) => uriTemplate)).toEqual([`${uriOf()}/{+path}`, 'https://{host}/{+path}']);
    const onlyFiles = await as({ permissions: [`resources/${uriOf()}:read`] });
    expect((await resources.listResourceTemplates({}, onlyFiles)).templates).toHaveLength(1);
    expect((await resources.listResourceTemplates({}, await as({ permissions: [] }))).templates).toEqual([]);
  });
});

describe('every method', () => {
  test('is UNAUTHENTICATED without an assertion and with one of somebody else', async () => {
    const { resources, connectors } = await start();
    for (const options of [{}, { assertion: 'e30.e30.e30' }]) {
      for (const call of [
        () => resources.readResource(read(uriOf('docs', 'a.md')), options),
        () => resources.listResources(list(), options),
        () => resources.listResourceTemplates({}, options),
        () =>
          resources
            .watchResource({ uri: uriOf('docs', 'a.md') }, options)
            [Symbol.asyncIterator]()
            .next(),
        () => connectors.listConnectors({}, options),
        () => connectors.putConnector({ connector: undefined, settingsJson: new Uint8Array() }, options),
        () => connectors.deleteConnector({ name: 'file' }, options),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      }
    }
  });
});

describe('the stores', () => {
  test('losing Redis costs nothing but speed', async () => {
    const service = await start({ redisUrl: 'redis://127.0.0.1:1' });
    answer = (_request, response) => response.end('x');
    expect(await service.resources.readResource(read(pageUri()), await service.as())).toMatchObject({
      fromCache: false,
    });
    service.platform.readiness.markStarted();
    expect(await service.platform.readiness.report()).toMatchObject({ status: 'degraded', isReady: true });
  });

  test('losing the table of copies costs nothing but speed', async () => {
    const own = await createTestDatabase();
    const service = await startResource(own.url, { fileRoots: [folder], httpAllowHosts: [sourceHost] });
    const { logger, metrics } = testPlatform('test');
    const pool = createPool({ connectionString: own.url, applicationName: 'test', logger, metrics });
    await pool.query('DROP TABLE resource.cache_entries');
    answer = (_request, response) => response.end('x');
    expect(await service.resources.readResource(read(pageUri()), await service.as())).toMatchObject({
      fromCache: false,
    });
    await pool.end();
    await service[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
});
