import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';

import { AppError } from '@gantry/errors';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { WEBSOCKET_MESSAGES_IN_FLIGHT_MAX } from '../../src/edge/message-window.ts';
import { GatewayFixture } from '../gateway-fixture.ts';
import { WsClient } from '../ws-client.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

/** Asks for an upgrade and returns the response that refuses it. */
async function refusal(headers: Record<string, string>, url = gateway.wsUrl) {
  const socket = new WebSocket(url, { headers });
  const response = await new Promise<IncomingMessage>((resolve) => {
    socket.on('unexpected-response', (_request, incoming) => resolve(incoming));
    socket.on('error', () => undefined);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

describe('the upgrade', () => {
  test('needs a key', async () => {
    const { status, headers, body } = await refusal({});
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(body)).toMatchObject({ error: { code: -32000, data: { reason: 'CREDENTIAL_MISSING' } } });
  });

  test.each(['expired', 'revoked'] as const)('refuses a key that is %s, and records it', async (state) => {
    const before = await gateway.auditedCount();
    expect((await refusal({ authorization: `Bearer ${gateway.auth.addKey({}, state)}` })).status).toBe(401);
    await vi.waitFor(() =>
      expect(gateway.auth.events.slice(before)).toMatchObject([{ outcome: 2, transport: 'websocket' }]),
    );
  });

  test('refuses another path, a foreign origin and a modern version', async () => {
    const authorization = `Bearer ${gateway.key}`;
    expect((await refusal({ authorization }, gateway.wsUrl.replace('/ws', '/other'))).status).toBe(404);
    expect((await refusal({ authorization, origin: 'https://evil.example' })).status).toBe(403);
    expect((await refusal({ authorization, 'mcp-protocol-version': '2026-07-28' })).status).toBe(400);
  });

  test('is 503 while auth cannot be asked', async () => {
    const key = gateway.auth.addKey();
    gateway.auth.failure = new AppError({
      code: 'UNAVAILABLE',
      reason: 'DATABASE_LOST',
      message: 'the database is away',
    });
    expect((await refusal({ authorization: `Bearer ${key}` })).status).toBe(503);
    gateway.auth.failure = undefined;
  });

  test('is offered by curl to any POST, and not taken', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const headers = {
      authorization: `Bearer ${gateway.key}`,
      'content-type': 'application/json',
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': '',
    };
    const sent = request(gateway.httpUrl, { method: 'POST', headers }).end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });
});

test('a handshake that is not one is refused, and nothing breaks', async () => {
  const { hostname, port } = new URL(gateway.httpUrl);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nauthorization: Bearer ${gateway.key}\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 400 /);
  socket.destroy();
});

describe('a message', () => {
  test('is answered', async () => {
    await using client = await WsClient.open(gateway);
    expect(await client.call('context/get', { query: 'x' })).toMatchObject({
      id: 'context/get',
      result: { total: 12 },
    });
  });

  test('may be a batch, a notification, or binary', async () => {
    await using client = await WsClient.open(gateway);
    client.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    client.send([
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', id: 2, method: 'nope' },
    ]);
    expect(await client.next()).toMatchObject([
      { id: 1, result: {} },
      { id: 2, error: { code: -32601 } },
    ]);
    client.send(new TextEncoder().encode('{"jsonrpc":"2.0","id":3,"method":"ping"}'));
    expect(await client.next()).toMatchObject({ id: 3 });
  });

  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const bad: readonly [string, string | Uint8Array, number][] = [
    ['malformed JSON', '{', -32700],
    ['an empty message', '', -32700],
    ['invalid UTF-8 in a binary message', new Uint8Array([0x22, 0xff, 0x22]), -32700],
    ['JSON that nests 10,000 deep', '['.repeat(10_000), -32700],
    ['an empty batch', '[]', -32600],
    ['a batch of 101', JSON.stringify(Array.from({ length: 101 }, () => ping)), -32600],
    ['a wrong jsonrpc version', '{"jsonrpc":"3.0","id":1,"method":"ping"}', -32600],
    ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"nope"}', -32601],
    ['params of a wrong type', '{"jsonrpc":"2.0","id":1,"method":"context/get","params":{"query":1}}', -32602],
    ['missing params', '{"jsonrpc":"2.0","id":1,"method":"context/get"}', -32602],
    ['an unknown tool', '{"jsonrpc":"2.0","id":1,"method":"tools/execute","params":{"name":"nope"}}', -32602],
  ];

  test.each(bad)('that is %s gets an error, is recorded, and the connection lives', async (_name, message, code) => {
    await using client = await WsClient.open(gateway);
    const before = await gateway.auditedCount();
    client.send(message);
    expect(await client.next()).toMatchObject({ jsonrpc: '2.0', error: { code } });
    await vi.waitFor(() =>
      expect(gateway.auth.events.slice(before)).toMatchObject([{ outcome: 3, transport: 'websocket' }]),
    );
    expect(await client.call('ping')).toMatchObject({ result: {} });
  });

  test('of 10 MiB closes the connection with 1009, and is recorded', async () => {
    await using client = await WsClient.open(gateway);
    client.send('x'.repeat(10 * 1024 * 1024));
    expect(await client.closed).toBe(1009);
    await vi.waitFor(() => expect(gateway.auth.events.at(-1)).toMatchObject({ reason: 'BODY_TOO_LARGE' }));
  });

  test('of text that is not UTF-8 closes the connection with 1007, and is recorded', async () => {
    await using client = await WsClient.open(gateway);
    client.socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
    expect(await client.closed).toBe(1007);
    await vi.waitFor(() => expect(gateway.auth.events.at(-1)).toMatchObject({ reason: 'PARSE_ERROR' }));
  });

  test('in too many fragments closes the connection', async () => {
    await using client = await WsClient.open(gateway);
    for (let sent = 0; sent <= 1_024; sent += 1) client.socket.send(' ', { fin: false });
    expect(await client.closed).toBe(1008);
  });

  test('beyond what the credential may send is -32004 and the connection lives', async () => {
    await using client = await WsClient.open(gateway, gateway.auth.addKey({ requestsPerMinute: 1 }));
    expect(await client.call('ping')).toMatchObject({ result: {} });
    expect(await client.call('ping')).toMatchObject({ error: { code: -32004 } });
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('a connection', () => {
  test('speaks the legacy dialect after initialize', async () => {
    await using client = await WsClient.open(gateway);
    const failing = { name: 'fail', arguments: { message: 'no' } };
    expect(await client.call('tools/call', failing)).toMatchObject({ error: { code: -32003 } });
    expect(await client.call('initialize', { protocolVersion: '2025-06-18' })).toMatchObject({
      result: { protocolVersion: '2025-06-18', capabilities: { resources: { subscribe: true } } },
    });
    expect(await client.call('tools/call', failing)).toMatchObject({ result: { isError: true } });
  });

  test('is closed with 1008 when its key is revoked', async () => {
    const key = gateway.auth.addKey();
    await using client = await WsClient.open(gateway, key);
    await client.call('ping');
    gateway.auth.revoke(key);
    expect(await client.closed).toBe(1008);
  });

  test('works on as many messages at once as it may and answers all that are pipelined', async () => {
    await using client = await WsClient.open(gateway);
    const count = WEBSOCKET_MESSAGES_IN_FLIGHT_MAX * 20;
    for (let id = 0; id < count; id += 1)
      client.send({ jsonrpc: '2.0', id, method: 'context/get', params: { query: 'x' } });
    await vi.waitFor(() => expect(client.received.length).toBe(count), { timeout: 20_000 });
    expect(new Set(client.received.map(({ id }) => id)).size).toBe(count);
  });

  test('does not answer what was cancelled', async () => {
    await using slow = await GatewayFixture.start({
      overrides: {
        context: {
          getContext: (_request, { signal }) =>
            new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        },
      },
    });
    await using client = await WsClient.open(slow);
    client.send({ jsonrpc: '2.0', id: 'slow', method: 'context/get', params: { query: 'x' } });
    client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow' } });
    await vi.waitFor(() => expect(slow.auth.events).toContainEqual(expect.objectContaining({ reason: 'CANCELLED' })));
    expect(await client.call('ping')).toMatchObject({ id: 'ping' });
  });
});

test('connections are counted by what they have become', async () => {
  await using fixture = await GatewayFixture.start();
  const counted = async () => {
    const gauge = await fixture.platform.metrics.getSingleMetric('mcp_active_connections')?.get();
    return Object.fromEntries(gauge?.values.map(({ labels, value }) => [labels['transport'], value]) ?? []);
  };
  const client = await WsClient.open(fixture);
  expect(await counted()).toEqual({ http: 0, websocket: 1 });
  await client[Symbol.asyncDispose]();
  await vi.waitFor(async () => expect(await counted()).toEqual({ http: 0, websocket: 0 }));
});
