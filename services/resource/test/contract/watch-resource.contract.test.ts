import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ResourceServiceDefinition } from '@gantry/protocol/gantry/resource/v1/resource_service';
import { type CallOptions, createRpcClient } from '@gantry/rpc';
import { createTestDatabase, rpcWay, type TestDatabase, testPlatform } from '@gantry/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Config } from '../../src/config.ts';
import { WATCHES_MAX } from '../../src/domain/watch-hub.ts';
import { type ResourceUnderTest, startResource } from '../resource-under-test.ts';

let database: TestDatabase;
let folder = '';
let source: Server;
let sourceHost = '';
let answer: RequestListener = (_request, response) => response.end();
const started: AsyncDisposable[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  source = createServer((request, response) => answer(request, response));
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
  folder = mkdtempSync(join(tmpdir(), 'gantry-watch-'));
  mkdirSync(join(folder, 'docs'));
  mkdirSync(join(folder, 'private'));
  writeFileSync(join(folder, 'docs', 'a.md'), '# A');
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

const uriOf = (...path: string[]): string => pathToFileURL(join(folder, ...path)).href;
const read = (uri: string) => ({ uri, bypassCache: false });

describe('watchResource', () => {
  async function watching({ resources, as }: ResourceUnderTest, uri: string, options: CallOptions = {}) {
    const ending = new AbortController();
    const call = resources.watchResource({ uri }, { signal: ending.signal, ...(await as()), ...options });
    return { versions: call[Symbol.asyncIterator](), ending };
  }

  test('sends the present version of a file, then one per change, and ends with NOT_FOUND when it goes', async () => {
    const service = await start();
    const uri = uriOf('docs', 'a.md');
    const { versions } = await watching(service, uri);
    const { version } = await service.resources.readResource(read(uri), await service.as());
    expect((await versions.next()).value).toEqual({ uri, version });
    writeFileSync(join(folder, 'docs', 'a.md'), '# Changed');
    const changed = (await versions.next()).value;
    expect(changed).toMatchObject({ uri, version: expect.not.stringContaining(version) });
    rmSync(join(folder, 'docs', 'a.md'));
    await expect(versions.next()).rejects.toMatchObject({ code: 'NOT_FOUND', reason: 'RESOURCE_NOT_FOUND' });
  });

  test('sends a message when a page changes', async () => {
    const service = await start();
    let body = 'one';
    answer = (_request, response) => response.end(body);
    const { versions } = await watching(service, `http://${sourceHost}/page`);
    const first = (await versions.next()).value;
    body = 'two';
    expect((await versions.next()).value).not.toEqual(first);
  });

  test('lets go of its poll when the client goes', async () => {
    const service = await start();
    const { versions, ending } = await watching(service, uriOf('docs', 'a.md'));
    await versions.next();
    const openWatches = async () =>
      (await service.platform.metrics.getSingleMetric('gantry_resource_watches')?.get())?.values[0]?.value;
    expect(await openWatches()).toBe(1);
    ending.abort();
    await expect(versions.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(openWatches).toBe(0);
  });

  test.each([
    ['RESOURCE_URI_INVALID', 'a b'],
    ['RESOURCE_SCHEME_UNKNOWN', 'gopher://example.com/'],
    ['RESOURCE_NOT_FOUND', 'file:///etc/passwd'],
  ])('answers %s at once', async (reason, uri) => {
    const { versions } = await watching(await start(), uri);
    await expect(versions.next()).rejects.toMatchObject({ reason });
  });

  test('looks like nothing to a caller who may not read, also behind a link', async () => {
    const service = await start();
    symlinkSync(join(folder, 'private', 'c.md'), join(folder, 'docs', 'link.md'));
    const onlyDocs = await service.as({ permissions: [`resources/${uriOf('docs')}:read`] });
    for (const uri of [uriOf('private', 'c.md'), uriOf('docs', 'link.md')]) {
      const { versions } = await watching(service, uri, onlyDocs);
      await expect(versions.next()).rejects.toMatchObject({ reason: 'RESOURCE_NOT_FOUND' });
    }
  });

  test('answers CONNECTOR_RATE_LIMITED beyond the limit of the connector', async () => {
    const service = await start({ readsPerMinute: 1 });
    const first = await watching(service, uriOf('docs', 'a.md'));
    await first.versions.next();
    const second = await watching(service, uriOf('docs', 'a.md'));
    await expect(second.versions.next()).rejects.toMatchObject({ reason: 'CONNECTOR_RATE_LIMITED' });
  });

  test(`answers WATCH_LIMIT_REACHED beyond ${WATCHES_MAX} watches`, async () => {
    const service = await start({ readsPerMinute: 0, filePollMs: 60_000 });
    // A connection of plain gRPC carries 1,000 streams at most, so the watches come over two.
    const { metrics, tracing } = testPlatform('client');
    const options = {
      target: service.service.endpoints['grpc'] ?? '',
      way: rpcWay(),
      peer: 'resource',
      metrics,
      tracing,
    };
    using other = createRpcClient(ResourceServiceDefinition, options);
    const ending = new AbortController();
    const callOptions = { ...(await service.as()), signal: ending.signal };
    const open = async (index: number) => {
      const client = index % 2 === 0 ? other : service.resources;
      const versions = client.watchResource({ uri: uriOf('docs', 'a.md') }, callOptions)[Symbol.asyncIterator]();
      await versions.next();
      return versions;
    };
    await Promise.all(Array.from({ length: WATCHES_MAX }, (_, index) => open(index)));
    await expect(open(0)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'WATCH_LIMIT_REACHED' });
    ending.abort();
  });

  test('ends with UNAVAILABLE REPLICA_STOPPING when the replica drains, so that a drain does not wait for it', async () => {
    const service = await start();
    const { versions } = await watching(service, uriOf('docs', 'a.md'));
    await versions.next();
    const ended = expect(versions.next()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'REPLICA_STOPPING' });
    await service.service.drain();
    await ended;
  });
});
