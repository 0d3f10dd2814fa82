import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';

import { isReason } from '@gantry/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createGuardedLookup, type ResolveHost } from './guarded-connector.ts';
import { createOutboundClient, type OutboundClient } from './outbound-client.ts';
import { readBody } from './read-body.ts';

const timeouts = { connectMs: 2_000, headersMs: 2_000, totalMs: 4_000 };
const never = new AbortController().signal;
const bytesMax = 64 * 1024;

let canaryHits = 0;
let canary: Server;
let canaryPort = 0;
const closing: (() => void)[] = [];

/** Counts every connection, not only requests: an address that must not be reached must not even see a SYN. */
beforeEach(async () => {
  canaryHits = 0;
  canary = createServer((_request, response) => response.end('secret'));
  canary.on('connection', () => (canaryHits += 1));
  await new Promise<void>((resolve) => canary.listen(0, '::', resolve));
  canaryPort = portOf(canary);
});

afterEach(() => {
  canary.close();
  canary.closeAllConnections();
  for (const close of closing.splice(0)) close();
});

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function serve(listener: RequestListener): Promise<{ url: URL; allowed: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const allowed = `127.0.0.1:${portOf(server)}`;
  return { url: new URL(`http://${allowed}/`), allowed };
}

function client(options: { allow?: string[]; resolveHost?: ResolveHost } = {}): OutboundClient {
  const created = createOutboundClient({
    allowHosts: new Set(options.allow ?? []),
    timeouts,
    ...(options.resolveHost === undefined ? {} : { resolveHost: options.resolveHost }),
  });
  closing.push(() => void created[Symbol.asyncDispose]());
  return created;
}

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}

const resolveTo =
  (...addresses: string[]): ResolveHost =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('SSRF corpus: loopback is never reached, however it is spelled', () => {
  test.each([
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '0',
    '0.0.0.0',
    '127.127.127.127',
    '%31%32%37.0.0.1',
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'ip6-localhost',
    '169.254.169.254',
    '10.0.0.1',
    '192.168.0.1',
    '[fe80::1]',
    '[fd00:ec2::254]',
  ])('%s', async (host) => {
    const url = URL.parse(`http://${host}:${canaryPort}/`);
    // A spelling the URL parser refuses reaches nobody.
    if (url === null) return;
    const error = await failureOf(client().get(url, {}, never));
    expect(error).toBeInstanceOf(Error);
    // A name this machine does not know fails in the resolver; everything else must be refused by the guard.
    if (!/not found|ENOTFOUND|EAI_AGAIN/.test(String(error)))
      expect(isReason(error, 'RESOURCE_ADDRESS_FORBIDDEN')).toBe(true);
    expect(canaryHits).toBe(0);
  });

  test('a name that resolves to a private address is refused', async () => {
    const error = await failureOf(
      client({ resolveHost: resolveTo('127.0.0.1') }).get(new URL(`http://intranet.example:${canaryPort}/`), {}, never),
    );
    expect(isReason(error, 'RESOURCE_ADDRESS_FORBIDDEN')).toBe(true);
    expect(canaryHits).toBe(0);
  });

  test('one private address among public ones refuses the name', async () => {
    const error = await failureOf(
      client({ resolveHost: resolveTo('93.184.215.14', '::1') }).get(
        new URL(`http://mixed.example:${canaryPort}/`),
        {},
        never,
      ),
    );
    expect(isReason(error, 'RESOURCE_ADDRESS_FORBIDDEN')).toBe(true);
    expect(canaryHits).toBe(0);
  });

  test('a name that flips to loopback gains nothing: the address that was checked is the one connected to (DNS rebinding)', async () => {
    const answers = ['93.184.215.14', '127.0.0.1'];
    const asked: string[] = [];
    const lookup = createGuardedLookup(async (hostname) => {
      asked.push(hostname);
      return [{ address: answers[asked.length - 1] ?? '127.0.0.1', family: 4 }];
    });
    const answered = (all: boolean): Promise<unknown[]> =>
      new Promise((resolve) => lookup('rebind.example', { all }, (...results) => resolve(results)));
    expect(await answered(true)).toEqual([null, [{ address: '93.184.215.14', family: 4 }]]);
    // One question to the resolver a connection: there is no second one that could be answered differently.
    expect(asked).toHaveLength(1);
    const [error] = await answered(true);
    expect(isReason(error, 'RESOURCE_ADDRESS_FORBIDDEN')).toBe(true);
  });

  test('a name that flips to loopback between two requests is refused at the second', async () => {
    const { url } = await serve((_request, response) => response.writeHead(200, { connection: 'close' }).end('public'));
    const rebinding = client({ allow: [`rebind.example:${url.port}`], resolveHost: resolveTo('127.0.0.1') });
    const first = await rebinding.get(new URL(`http://rebind.example:${url.port}/`), {}, never);
    expect(Buffer.from(await readBody(first, { bytesMax }, never)).toString()).toBe('public');
    const error = await failureOf(rebinding.get(new URL(`http://rebind.example:${canaryPort}/`), {}, never));
    expect(isReason(error, 'RESOURCE_ADDRESS_FORBIDDEN')).toBe(true);
    expect(canaryHits).toBe(0);
  });

  test('a name without addresses is unknown', async () => {
    const error = await failureOf(
      client({ resolveHost: resolveTo() }).get(new URL('http://empty.example/'), {}, never),
    );
    expect(error).toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])('a %i to loopback is refused', async (status) => {
    const { url, allowed } = await serve((_request, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${canaryPort}/` }).end();
    });
    const error = await failureOf(client({ allow: [allowed] }).get(url, {}, never));
    expect(isReason(error, 'RESOURCE_ADDRESS_FORBIDDEN')).toBe(true);
    expect(canaryHits).toBe(0);
  });

  test.each([
    'http://0x7f.1:PORT/',
    '//127.1:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://localhost:PORT/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:PORT/',
    'http://user:secret@127.0.0.1:PORT/',
  ])('a redirect to %s is refused', async (location) => {
    const { url, allowed } = await serve((_request, response) => {
      response.writeHead(302, { location: location.replace('PORT', String(canaryPort)) }).end();
    });
    const error = await failureOf(client({ allow: [allowed] }).get(url, {}, never));
    expect(isReason(error, 'RESOURCE_ADDRESS_FORBIDDEN')).toBe(true);
    expect(canaryHits).toBe(0);
  });

  test('five redirects are followed, a sixth is not', async () => {
    const { url, allowed } = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('arrived');
      else response.writeHead(302, { location: `/${left - 1}` }).end('a body nobody reads');
    });
    const reaching = client({ allow: [allowed] });
    const arrived = await reaching.get(new URL('/5', url), {}, never);
    expect(Buffer.from(await readBody(arrived, { bytesMax }, never)).toString()).toBe('arrived');
    expect(isReason(await failureOf(reaching.get(new URL('/6', url), {}, never)), 'UPSTREAM_UNAVAILABLE')).toBe(true);
  });
});

describe('the body', () => {
  async function bodyOf(listener: RequestListener): Promise<unknown> {
    const { url, allowed } = await serve(listener);
    const response = await client({ allow: [allowed] }).get(url, {}, never);
    return failureOf(readBody(response, { bytesMax }, never).then((bytes) => Promise.reject(bytes.length)));
  }

  test('at the limit is read', async () => {
    expect(await bodyOf((_request, response) => response.end(Buffer.alloc(bytesMax)))).toBe(bytesMax);
  });

  test('one byte over the limit is refused, announced or not', async () => {
    const announced = await bodyOf((_request, response) => response.end(Buffer.alloc(bytesMax + 1)));
    expect(isReason(announced, 'RESOURCE_TOO_LARGE')).toBe(true);
    const chunked = await bodyOf((_request, response) => {
      response.write(Buffer.alloc(bytesMax));
      response.end('x');
    });
    expect(isReason(chunked, 'RESOURCE_TOO_LARGE')).toBe(true);
  });

  test('that never ends is cut off at the limit', async () => {
    let isClosed = false;
    const endless = await bodyOf((_request, response) => {
      const push = (): void => {
        while (!isClosed && response.write(Buffer.alloc(16 * 1024))) continue;
      };
      response.on('drain', push).on('close', () => (isClosed = true));
      push();
    });
    expect(isReason(endless, 'RESOURCE_TOO_LARGE')).toBe(true);
    await expect.poll(() => isClosed).toBe(true);
  });

  test('that unpacks into more than the limit is refused, and a usual one is unpacked', async () => {
    const encoded = (bytes: Uint8Array) => (_request: unknown, response: Parameters<RequestListener>[1]) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes));
    expect(isReason(await bodyOf(encoded(Buffer.alloc(10 * 1024 * 1024))), 'RESOURCE_TOO_LARGE')).toBe(true);
    expect(await bodyOf(encoded(Buffer.alloc(1_000)))).toBe(1_000);
  });

  test('in an encoding nobody asked for is refused', async () => {
    const listener: RequestListener = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end('x');
    expect(isReason(await bodyOf(listener), 'UPSTREAM_UNAVAILABLE')).toBe(true);
  });
});

test('a host that accepts and says nothing ends in a timeout', async () => {
  const silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<{ destroy(): void }>();
  silent.on('connection', (socket) => sockets.add(socket));
  closing.push(() => {
    silent.close();
    for (const socket of sockets) socket.destroy();
  });
  const allowed = `127.0.0.1:${portOf(silent)}`;
  const impatient = createOutboundClient({ allowHosts: new Set([allowed]), timeouts: { ...timeouts, headersMs: 50 } });
  closing.push(() => void impatient[Symbol.asyncDispose]());
  expect(await failureOf(impatient.get(new URL(`http://${allowed}/`), {}, never))).toMatchObject({
    code: 'UND_ERR_HEADERS_TIMEOUT',
  });
});
