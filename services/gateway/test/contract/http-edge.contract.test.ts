import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { createHttpServer, listen } from '../../src/edge/http-server.ts';
import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start({
    env: { GATEWAY_ALLOWED_ORIGINS: 'https://app.example, https://other.example', GATEWAY_MAX_CONNECTIONS: '20' },
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

/** Sends bytes over a connection of their own and returns all that comes back until it is closed. */
function exchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.httpUrl);
  return new Promise((resolve) => {
    const socket: Socket = connect(Number(port), hostname, () => socket.write(bytes));
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}

function rawPost(headers: string, body = JSON.stringify(ping)): string {
  return `POST /mcp HTTP/1.1\r\n${headers}authorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

describe('paths and methods', () => {
  test.each(['/', '/mcp/', '/ws', '/metrics', '/mcpx'])('POST %s is 404 in JSON', async (path) => {
    const response = await fetch(new URL(path, gateway.httpUrl), { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
    expect(await response.json()).toHaveProperty('error');
  });

  test.each(['GET', 'DELETE', 'PUT', 'OPTIONS'])('%s /mcp is 405', async (method) => {
    const response = await fetch(gateway.httpUrl, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    await response.body?.cancel();
  });

  test('a query string changes nothing', async () => {
    const { status } = await gateway.post(ping, {}, `${gateway.httpUrl}?a=b`);
    expect(status).toBe(200);
  });
});

describe('the origin', () => {
  test.each(['https://evil.example', 'null', 'https://app.example.evil', 'http://app.example'])(
    '%s is 403',
    async (origin) => {
      const answer = await gateway.post(ping, { headers: { origin } });
      expect(answer.status).toBe(403);
      expect(answer.json).toMatchObject({ jsonrpc: '2.0', error: { data: { reason: 'ORIGIN_FORBIDDEN' } } });
    },
  );

  test.each([
    'https://app.example',
    'https://other.example',
    'http://localhost:3000',
    'http://[::1]:9',
    'http://127.0.0.1',
  ])('%s may call', async (origin) => {
    expect((await gateway.post(ping, { headers: { origin } })).status).toBe(200);
  });

  test('of a host that leads here may not call because of that', async () => {
    const rebound = await exchange(rawPost('host: evil.example:8000\r\norigin: http://evil.example:8000\r\n'));
    expect(rebound).toMatch(/^HTTP\/1.1 403 /);
    expect(rebound).toContain('HOST_FORBIDDEN');
  });
});

describe('the host', () => {
  test.each(['localhost', 'localhost:8000', '127.0.0.1:1', '[::1]:8000', 'app.example'])('may be %s', async (host) => {
    expect(await exchange(rawPost(`host: ${host}\r\n`))).toMatch(/^HTTP\/1.1 200 /);
  });

  test.each(['evil.example', 'localhost.evil.example', 'localhost@evil.example', '10.0.0.1'])(
    'may not be %s on a loopback address',
    async (host) => {
      expect(await exchange(rawPost(`host: ${host}\r\n`))).toMatch(/^HTTP\/1.1 403 /);
    },
  );
});

describe('HTTP itself', () => {
  test('two Host headers are 400', async () => {
    const answer = await exchange(rawPost('host: localhost\r\nHost: b.example\r\n'));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('exactly one Host header');
  });

  test('two Authorization headers are 400', async () => {
    const answer = await exchange(rawPost('host: localhost\r\nAuthorization: Bearer other\r\n'));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('at most one Authorization header');
  });

  test('no Host header is 400', async () => {
    expect(await exchange(rawPost(''))).toMatch(/^HTTP\/1.1 400 /);
  });

  test('headers beyond 16 KiB are 431', async () => {
    expect(await exchange(rawPost(`host: localhost\r\nx-pad: ${'x'.repeat(17 * 1024)}\r\n`))).toMatch(
      /^HTTP\/1.1 431 /,
    );
  });

  test('headers beyond the hundredth are not looked at', async () => {
    const headers = (count: number) =>
      `host: localhost\r\n${Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join('')}`;
    expect(await exchange(rawPost(headers(90)))).toMatch(/^HTTP\/1.1 200 /);
    expect(await exchange(rawPost(headers(100)))).toMatch(/^HTTP\/1.1 4\d\d /);
  });

  test('what is not HTTP is 400, and counted', async () => {
    const answer = await exchange('hello\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(await gateway.platform.metrics.metrics()).toMatch(
      /gantry_gateway_unreadable_requests_total\{status="400",service="gateway"\} \d+/,
    );
  });

  test('a length and chunks at once are refused, as smuggling needs', async () => {
    const answer = await exchange(rawPost('host: localhost\r\ntransfer-encoding: chunked\r\n'));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });

  test('a body that claims to be endless is refused before it is read', async () => {
    const answer = await exchange(
      `POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('a client that goes away while it sends leaves nothing behind', async () => {
    const { hostname, port } = new URL(gateway.httpUrl);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${gateway.key}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"js`,
    );
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.destroy();
    await vi.waitFor(async () => {
      const connections = await gateway.platform.metrics.getSingleMetric('mcp_active_connections')?.get();
      const http = connections?.values.find(({ labels }) => labels['transport'] === 'http');
      expect(http?.value).toBeLessThan(20);
    });
    expect((await gateway.post(ping)).status).toBe(200);
  });
});

test('connections beyond the limit are closed at once', async () => {
  await using crowded = await GatewayFixture.start({ env: { GATEWAY_MAX_CONNECTIONS: '2' } });
  const { hostname, port } = new URL(crowded.httpUrl);
  const sockets = [1, 2].map(() => connect(Number(port), hostname));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const extra = connect(Number(port), hostname);
  extra.on('error', () => undefined);
  await new Promise((resolve) => extra.once('close', resolve));
  for (const socket of sockets) {
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  }
});

test('two gateways share a port when they are told to', async () => {
  const config = { host: '127.0.0.1', port: 0, reusePort: true, connectionsMax: 1, allowedOrigins: [] };
  const [first, second] = [createHttpServer(config), createHttpServer(config)];
  const port = await listen(first, config);
  expect(await listen(second, { ...config, port })).toBe(port);
  await expect(listen(createHttpServer(config), { ...config, port, reusePort: false })).rejects.toMatchObject({
    reason: 'ADDRESS_UNAVAILABLE',
  });
  first.close();
  second.close();
});

describe('a body', () => {
  /** A request whose body is announced and not sent, and what came back so far. */
  async function announce(fixture: GatewayFixture, headers: string, body = '') {
    const { hostname, port } = new URL(fixture.httpUrl);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(`POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}\r\n${body}`);
    await new Promise((resolve) => socket.once('connect', resolve));
    return { socket, received: () => received };
  }

  const heldBy = async (fixture: GatewayFixture) =>
    (await fixture.platform.metrics.getSingleMetric('gantry_gateway_body_bytes')?.get())?.values[0]?.value;

  test.each([
    ['without a key', '', 'CREDENTIAL_MISSING'],
    ['with what cannot be a key', 'authorization: Bearer hunter2\r\n', 'CREDENTIAL_INVALID'],
    [
      'with a key nobody knows',
      `authorization: Bearer gk_${'0'.repeat(16)}_${'a'.repeat(43)}\r\n`,
      'CREDENTIAL_INVALID',
    ],
  ])('%s is refused before it is sent', async (_name, authorization, reason) => {
    const { socket, received } = await announce(gateway, `${authorization}content-length: 4000000\r\n`);
    await vi.waitFor(() => expect(received()).toContain(reason));
    expect(received()).toMatch(/^HTTP\/1.1 401 /);
    expect(received().toLowerCase()).toContain('connection: close');
    socket.destroy();
  });

  test('of somebody unknown who goes on sending is thrown away, and the answer is seen', async () => {
    const answer = await gateway.post(' '.repeat(3 * 1024 * 1024), { key: null });
    expect(answer.status).toBe(401);
    expect(await heldBy(gateway)).toBe(0);
  });

  test('of somebody who asks first is sent for when it is known who it is', async () => {
    const body = JSON.stringify(ping);
    const headers = `expect: 100-continue\r\ncontent-length: ${body.length}\r\n`;
    const refused = await announce(gateway, headers);
    await vi.waitFor(() => expect(refused.received()).toMatch(/^HTTP\/1.1 401 /));
    const welcome = await announce(gateway, `authorization: Bearer ${gateway.key}\r\n${headers}`);
    await vi.waitFor(() => expect(welcome.received()).toMatch(/^HTTP\/1.1 100 /));
    welcome.socket.write(body);
    await vi.waitFor(() => expect(welcome.received()).toContain('"result":{}'));
    refused.socket.destroy();
    welcome.socket.destroy();
  });

  test('takes of its credential what it may and no more, and gives it back', async () => {
    await using fixture = await GatewayFixture.start({
      limits: { bodies: { perCredentialMax: 1_000, totalMax: 1_500 } },
    });
    const keyOf = (key: string) => `authorization: Bearer ${key}\r\ncontent-length: 2000\r\n`;
    const first = await announce(fixture, keyOf(fixture.key), 'x'.repeat(1_000));
    await vi.waitFor(async () => expect(await heldBy(fixture)).toBe(1_000));
    const refused = await fixture.post(ping);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('connection')).toBe('close');
    expect(refused.json.error).toMatchObject({ code: -32603, data: { reason: 'GATEWAY_OVERLOADED' } });
    const key = fixture.auth.addKey();
    expect((await fixture.post(ping, { key })).status).toBe(200);
    const second = await announce(fixture, keyOf(key), 'x'.repeat(500));
    await vi.waitFor(async () => expect(await heldBy(fixture)).toBe(1_500));
    expect((await fixture.post(ping, { key: fixture.auth.addKey() })).status).toBe(503);
    first.socket.destroy();
    second.socket.destroy();
    await vi.waitFor(async () => expect(await heldBy(fixture)).toBe(0));
    expect((await fixture.post(ping)).status).toBe(200);
  });
});

describe('metrics', () => {
  test('count by method and status, with unknown methods under one name', async () => {
    await gateway.post({ ...ping, method: 'made/up' });
    await gateway.post(ping);
    const metrics = await gateway.platform.metrics.metrics();
    expect(metrics).toMatch(/mcp_requests_total\{method="ping",status="OK",service="gateway"\} \d+/);
    expect(metrics).toMatch(/mcp_requests_total\{method="unknown",status="UNIMPLEMENTED",service="gateway"\} \d+/);
    expect(metrics).toMatch(/mcp_request_duration_seconds_count\{service="gateway",method="ping"\} \d+/);
    expect(metrics).toMatch(/mcp_active_connections\{transport="http",service="gateway"\} \d+/);
    expect(metrics).not.toContain('made/up');
    for (const name of [
      'gantry_gateway_in_flight',
      'gantry_audit_spool_events',
      'gantry_credential_cache_entries',
      'gantry_subscriptions',
    ]) {
      expect(metrics).toContain(name);
    }
  });
});

describe('an audit event', () => {
  test('of somebody unknown is one for a batch, and does not push out what others did', async () => {
    const before = await gateway.auditedCount();
    await Promise.all(
      Array.from({ length: 10 }, () =>
        gateway.post(Array(100).fill(ping), { key: null, headers: { connection: 'close' } }),
      ),
    );
    await gateway.auditedCount();
    const events = gateway.auth.events.slice(before);
    expect(events.length).toBeLessThanOrEqual(10);
    expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set(['CREDENTIAL_MISSING']));
  });

  test('tells who did what, with a hash of the parameters as they came', async () => {
    const params = '{ "name" : "echo", "arguments":{"message":"secret"}}';
    const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
    const before = await gateway.auditedCount();
    const { headers } = await gateway.post(text);
    await vi.waitFor(() => expect(gateway.auth.events.length).toBeGreaterThan(before));
    const event = gateway.auth.events.at(-1);
    expect(event).toMatchObject({
      tenantId: 'test-tenant',
      userId: 'test-user',
      method: 'tools/call',
      target: 'echo',
      outcome: 1,
      reason: '',
      transport: 'http',
      clientAddress: '127.0.0.1',
      requestId: headers.get('x-request-id'),
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(Buffer.from(event?.paramsSha256 ?? [])).toEqual(createHash('sha256').update(params).digest());
    expect(
      JSON.stringify(gateway.auth.events, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toContain('secret');
  });

  test('is written for a batch element by element', async () => {
    const before = await gateway.auditedCount();
    await gateway.post([ping, { jsonrpc: '2.0', method: 'notifications/initialized' }, 5]);
    await vi.waitFor(() => {
      const methods = gateway.auth.events.slice(before).map(({ method }) => method);
      expect(methods.toSorted()).toEqual(['', 'notifications/initialized', 'ping']);
    });
  });

  test('holds nothing that a database cannot store', async () => {
    const before = await gateway.auditedCount();
    await gateway.post({ ...ping, method: `a\0b${'x'.repeat(5_000)}` });
    await vi.waitFor(() => expect(gateway.auth.events.length).toBeGreaterThan(before));
    const method = gateway.auth.events.at(-1)?.method ?? '';
    expect(method).not.toContain('\0');
    expect(method.length).toBeLessThanOrEqual(200);
  });
});
