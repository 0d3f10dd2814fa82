import { createServer, type IncomingMessage, type RequestListener } from 'node:http';

import { isReason } from '@gantry/errors';
import { fakeClock } from '@gantry/testkit';
import { afterEach, describe, expect, test } from 'vitest';

import type { Connector } from '../domain/ports.ts';
import { createOutboundClient } from '../outbound/outbound-client.ts';
import { createHostBreakers } from './host-breakers.ts';
import { BREAKERS_MAX } from './host-breakers.ts';
import { createHttpConnector } from './http-connector.ts';
import { parseRetryAfter } from './retry-after.ts';

const never = new AbortController().signal;
const limits = { bytesMax: 1_024 };
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function setUp(
  listener: RequestListener,
  { totalMs = 4_000 } = {},
): Promise<{ connector: Connector; uri: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const client = createOutboundClient({
    allowHosts: new Set([host]),
    timeouts: { connectMs: 1_000, headersMs: 2_000, totalMs },
  });
  const connector = createHttpConnector({ client, totalTimeoutMs: totalMs, pollMs: 30_000, clock: fakeClock() });
  closing.push(() => {
    connector[Symbol.dispose]();
    void client[Symbol.asyncDispose]();
    server.close();
    server.closeAllConnections();
  });
  return { connector, uri: `http://${host}/page` };
}

test('a page is read with its media type, and asked for without anything that tells who asks', async () => {
  let seen: IncomingMessage['headers'] = {};
  const { connector, uri } = await setUp((request, response) => {
    seen = request.headers;
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>é');
  });
  const content = await connector.read(uri, limits, never);
  expect(content).toMatchObject({ mimeType: 'text/html; charset=utf-8', canonicalUri: uri });
  expect(Buffer.from(content?.bytes ?? []).toString()).toBe('<p>é');
  expect(Object.keys(seen).toSorted()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
});

test('a page without a media type is bytes', async () => {
  const { connector, uri } = await setUp((_request, response) => response.end('x'));
  expect((await connector.read(uri, limits, never))?.mimeType).toBe('application/octet-stream');
});

test.each([400, 401, 403, 404, 410])('status %i means there is nothing to read', async (status) => {
  const { connector, uri } = await setUp((_request, response) => response.writeHead(status).end());
  expect(await connector.read(uri, limits, never)).toBeUndefined();
});

test.each([304, 429, 500, 503])(
  'status %i is UPSTREAM_UNAVAILABLE with the wait the source asks for',
  async (status) => {
    const { connector, uri } = await setUp((_request, response) =>
      response.writeHead(status, { 'retry-after': '7' }).end(),
    );
    await expect(connector.read(uri, limits, never)).rejects.toMatchObject({
      reason: 'UPSTREAM_UNAVAILABLE',
      retryAfterMs: 7_000,
    });
  },
);

test('a source that hangs is UPSTREAM_TIMED_OUT, before or within the body', async () => {
  const silent = await setUp(() => {}, { totalMs: 50 });
  await expect(silent.connector.read(silent.uri, limits, never)).rejects.toMatchObject({
    reason: 'UPSTREAM_TIMED_OUT',
  });
  const stuck = await setUp((_request, response) => void response.write('x'), { totalMs: 50 });
  await expect(stuck.connector.read(stuck.uri, limits, never)).rejects.toMatchObject({ reason: 'UPSTREAM_TIMED_OUT' });
});

test('a caller that goes ends the read with its own reason', async () => {
  const caller = new AbortController();
  const reason = new Error('gone');
  const { connector, uri } = await setUp(() => caller.abort(reason));
  await expect(connector.read(uri, limits, caller.signal)).rejects.toBe(reason);
});

test('a connection that breaks is UPSTREAM_UNAVAILABLE', async () => {
  const { connector, uri } = await setUp((request) => request.socket.destroy());
  await expect(connector.read(uri, limits, never)).rejects.toMatchObject({ reason: 'UPSTREAM_UNAVAILABLE' });
});

test('an address that is not public is forbidden, and says nothing about the host', async () => {
  const { connector } = await setUp(() => {});
  await expect(connector.read('http://169.254.169.254/latest', limits, never)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    reason: 'RESOURCE_ADDRESS_FORBIDDEN',
  });
});

test('a source that keeps failing is not asked for a while', async () => {
  let requests = 0;
  const { connector, uri } = await setUp((_request, response) => {
    requests += 1;
    response.writeHead(500).end();
  });
  for (let attempt = 0; attempt < 20; attempt += 1) {
    await expect(connector.read(uri, limits, never)).rejects.toMatchObject({ reason: 'UPSTREAM_UNAVAILABLE' });
  }
  expect(requests).toBeLessThan(20);
});

test('a caller that keeps giving up does not shut the source for others', async () => {
  let caller = new AbortController();
  let isAnswering = false;
  const { connector, uri } = await setUp((_request, response) => {
    if (isAnswering) response.end('x');
    else caller.abort(new DOMException('too late', 'TimeoutError'));
  });
  for (let attempt = 0; attempt < 20; attempt += 1) {
    caller = new AbortController();
    await expect(connector.read(uri, limits, caller.signal)).rejects.toMatchObject({ name: 'TimeoutError' });
  }
  isAnswering = true;
  expect(await connector.read(uri, limits, never)).toBeDefined();
});

test('a look sends the validators of the look before and takes 304 for unchanged', async () => {
  const { connector, uri } = await setUp((request, response) => {
    const isKnown = request.headers['if-none-match'] === '"1"' && request.headers['if-modified-since'] !== undefined;
    response.writeHead(isKnown ? 304 : 200, { etag: '"1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }).end();
  });
  const first = await connector.probe(uri, limits, never);
  if (first.kind !== 'content') throw new Error(first.kind);
  expect(await connector.probe(uri, { ...limits, stamp: first.stamp }, never)).toEqual({ kind: 'unchanged' });
});

describe('a uri', () => {
  test.each([
    'https://example.com/a/..%2fsecret',
    'https://example.com/a/%2e%2e%5csecret',
    'https://example.com/%ff/..%2F',
  ])('that climbs once it is decoded is refused: %s', async (uri) => {
    const { connector } = await setUp(() => {});
    expect(() => connector.normalise(new URL(uri))).toThrow(
      expect.objectContaining({ reason: 'RESOURCE_URI_INVALID' }),
    );
  });

  test('is normalised', async () => {
    const { connector } = await setUp(() => {});
    expect(connector.normalise(new URL('HTTPS://EXAMPLE.com:443/a/../b?q=1'))).toBe('https://example.com/b?q=1');
  });
});

test('breakers are kept for so many hosts, the one asked for longest ago is forgotten', () => {
  using breakers = createHostBreakers({ clock: fakeClock() });
  const first = breakers.of('host-0');
  for (let host = 1; host < BREAKERS_MAX; host += 1) breakers.of(`host-${host}`);
  expect(breakers.of('host-0')).toBe(first);
  breakers.of('one-more');
  expect(breakers.size).toBe(BREAKERS_MAX);
  expect(breakers.of('host-0')).toBe(first);
});

test('retry-after is read as seconds or a date, bounded', () => {
  expect(parseRetryAfter('3', 0)).toBe(3_000);
  expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:09 GMT', 4_000)).toBe(5_000);
  expect(parseRetryAfter('999999999', 0)).toBe(3_600_000);
  for (const useless of [undefined, '', 'soon', '0', '-5', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
    expect(parseRetryAfter(useless, 0)).toBeUndefined();
  }
});

test('errors keep their reason two layers up', async () => {
  const { connector, uri } = await setUp((_request, response) => response.end(Buffer.alloc(2_000)));
  await expect(connector.read(uri, limits, never)).rejects.toSatisfy((error) => isReason(error, 'RESOURCE_TOO_LARGE'));
});
