import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('a request', () => {
  test('is answered with its id, its result and a request id', async () => {
    const answer = await gateway.post(ping);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each(['1', '"a"', 'null', '1.50', '9007199254740993', '"\\u0061\\n"', '""'])(
    'gets its id %s back as it was sent',
    async (id) => {
      const { text } = await gateway.post(`{"id": ${id} ,"jsonrpc":"2.0","method":"ping"}`);
      expect(text).toBe(`{"jsonrpc":"2.0","id":${id},"result":{}}`);
    },
  );

  test('with an id under an escaped key is answered too', async () => {
    const { json } = await gateway.post('{"\\u0069d":7,"jsonrpc":"2.0","method":"ping"}');
    expect(json.id).toBe(7);
  });

  test('without an id is a notification: 202 and no body', async () => {
    const answer = await gateway.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect(answer.status).toBe(202);
    expect(answer.text).toBe('');
  });

  test('carries the caller, the trace and the request id to the service', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const { headers } = await gateway.post(
      { jsonrpc: '2.0', id: 1, method: 'context/get', params: { query: 'x' } },
      { headers: { traceparent } },
    );
    const call = gateway.calls.at(-1);
    expect(call?.principal.userId).toBe('test-user');
    expect(call?.trace.traceId).toBe('a'.repeat(32));
    expect(call?.requestId).toBe(headers.get('x-request-id'));
    expect(call?.deadlineMs).toBeLessThan(Date.now() + 30_000);
  });
});

describe('a batch', () => {
  test('is answered in order, each with its id, without its notifications', async () => {
    const answer = await gateway.post([
      { jsonrpc: '2.0', id: 'a', method: 'context/get', params: { query: 'x' } },
      { jsonrpc: '2.0', method: 'ping' },
      { jsonrpc: '2.0', id: 2, method: 'nope' },
      17,
      { ...ping, id: 3 },
    ]);
    expect(answer.status).toBe(200);
    const replies = answer.json as unknown as { id: unknown; error?: { code: number } }[];
    expect(replies.map(({ id, error }) => [id, error?.code])).toEqual([
      ['a', undefined],
      [2, -32601],
      [null, -32600],
      [3, undefined],
    ]);
  });

  test('of notifications only is answered with 202', async () => {
    const answer = await gateway.post([
      { jsonrpc: '2.0', method: 'ping' },
      { jsonrpc: '2.0', method: 'nope' },
    ]);
    expect(answer.status).toBe(202);
  });

  test('of 100 is taken', async () => {
    const answer = await gateway.post(Array.from({ length: 100 }, (_, id) => ({ ...ping, id })));
    expect((answer.json as unknown as unknown[]).length).toBe(100);
  });

  test('of somebody unknown is refused as a whole', async () => {
    const answer = await gateway.post([ping, ping], { key: null });
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ id: null, error: { code: -32000 } });
  });
});

const MIB = 1024 * 1024;
const badVersion = JSON.stringify({
  ...ping,
  params: { _meta: { 'io.modelcontextprotocol/protocolVersion': { toString: 1 } } },
});
const badBodies: readonly [string, string | Uint8Array, number, number][] = [
  ['malformed JSON', '{"jsonrpc":"2.0",', 400, -32700],
  ['an empty body', '', 400, -32700],
  ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, -32700],
  [
    'JSON that nests 10,000 deep',
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    400,
    -32700,
  ],
  ['JSON that nests one level too deep', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, 400, -32700],
  ['a number', '17', 400, -32600],
  ['an empty batch', '[]', 400, -32600],
  ['a batch of 101', JSON.stringify(Array.from({ length: 101 }, () => ping)), 400, -32600],
  ['no jsonrpc version', '{"id":1,"method":"ping"}', 400, -32600],
  ['a wrong jsonrpc version', '{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600],
  ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32600],
  ['an id that is true', '{"jsonrpc":"2.0","id":true,"method":"ping"}', 400, -32600],
  ['no method', '{"jsonrpc":"2.0","id":1}', 400, -32600],
  ['a method that is a number', '{"jsonrpc":"2.0","id":1,"method":5}', 400, -32600],
  ['a body one byte too long', ' '.repeat(4 * MIB + 1), 413, -32600],
  ['a body of 10 MiB', `{"x":"${'x'.repeat(10 * MIB)}"}`, 413, -32600],
  ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"context/nope"}', 200, -32601],
  ['a method of Object.prototype', '{"jsonrpc":"2.0","id":1,"method":"constructor"}', 200, -32601],
  ['params that are an array', '{"jsonrpc":"2.0","id":1,"method":"context/get","params":["x"]}', 200, -32602],
  ['params that are a string', '{"jsonrpc":"2.0","id":1,"method":"context/get","params":"x"}', 200, -32602],
  [
    'members that are there twice',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"\\u0070arams":{}}',
    400,
    -32600,
  ],
  ['a version of MCP that is an object', badVersion, 400, -32602],
  ['a hundred thousand elements and one', `{"a":[${'0,'.repeat(100_000)}0]}`, 400, -32700],
  ['params that are missing', '{"jsonrpc":"2.0","id":1,"method":"context/get"}', 200, -32602],
];

describe('bad input', () => {
  test.each(badBodies)('%s is refused, recorded, and leaks nothing', async (_name, body, status, code) => {
    // Refusals alike are one event until they are sent.
    await gateway.auditedCount();
    const answer = await gateway.post(body);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ jsonrpc: '2.0', error: { code } });
    expect(answer.json.error?.message).toMatch(/^\S.{10,}$/);
    expect(answer.text).not.toMatch(/\bat .*\.ts|node_modules/);
    const requestId = answer.headers.get('x-request-id');
    await vi.waitFor(() => {
      const event = gateway.auth.events.find((candidate) => candidate.requestId === requestId);
      expect(event).toMatchObject({ outcome: 3, transport: 'http' });
    });
  });

  test('a body of 4 MiB is taken', async () => {
    const text = JSON.stringify({ ...ping, params: { pad: 'x'.repeat(4 * MIB - 100) } });
    expect((await gateway.post(text)).status).toBe(200);
  });

  test('64 levels are taken', async () => {
    const { status } = await gateway.post(
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(62)}${']'.repeat(62)}}}`,
    );
    expect(status).toBe(200);
  });

  test.each([
    ['no content type', { 'content-type': '' }],
    ['plain text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['JSON in another charset', { 'content-type': 'application/json; charset=utf-16' }],
    ['another JSON', { 'content-type': 'application/jsonp' }],
    ['a compressed body', { 'content-encoding': 'gzip' }],
  ])('%s is 415', async (_name, headers) => {
    const answer = await gateway.post(JSON.stringify(ping), { headers });
    expect(answer.status).toBe(415);
    expect(answer.json.error?.code).toBe(-32600);
  });

  test('a charset in the content type is taken', async () => {
    const answer = await gateway.post(ping, { headers: { 'content-type': 'Application/JSON; charset=utf-8' } });
    expect(answer.status).toBe(200);
  });
});

describe('a credential', () => {
  const refusals: readonly [string, () => string | null, string][] = [
    ['that is missing', () => null, 'CREDENTIAL_MISSING'],
    ['that is not an API key', () => 'hunter2', 'CREDENTIAL_INVALID'],
    ['that nobody knows', () => `gk_${'0'.repeat(16)}_${'a'.repeat(43)}`, 'CREDENTIAL_INVALID'],
    ['that has expired', () => gateway.auth.addKey({}, 'expired'), 'CREDENTIAL_EXPIRED'],
    ['that is revoked', () => gateway.auth.addKey({}, 'revoked'), 'CREDENTIAL_REVOKED'],
  ];

  test.each(refusals)('%s is 401 with -32000', async (_name, key, reason) => {
    await gateway.auditedCount();
    const answer = await gateway.post(ping, { key: key() });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('connection')).toBe('close');
    // Its body was not read.
    expect(answer.json).toMatchObject({ id: null, error: { code: -32000, data: { reason } } });
    const requestId = answer.headers.get('x-request-id');
    await vi.waitFor(() => {
      const event = gateway.auth.events.find((candidate) => candidate.requestId === requestId);
      expect(event).toMatchObject({ outcome: 2, reason, method: '', tenantId: '' });
    });
  });

  test('is asked for once while it is fresh', async () => {
    const key = gateway.auth.addKey();
    const before = gateway.auth.authenticateCount;
    await Promise.all([gateway.post(ping, { key }), gateway.post(ping, { key })]);
    await gateway.post(ping, { key });
    expect(gateway.auth.authenticateCount).toBe(before + 1);
  });

  test('that is revoked stops working at once on every replica', async () => {
    const replica = await gateway.startReplica();
    const key = gateway.auth.addKey();
    const urls = [gateway.httpUrl, replica.gateway.endpoints['http'] ?? ''];
    for (const url of urls) expect((await gateway.post(ping, { key }, url)).status).toBe(200);
    gateway.auth.revoke(key);
    for (const url of urls) {
      await vi.waitFor(async () => expect((await gateway.post(ping, { key }, url)).status).toBe(401));
    }
  });
});

describe('a permission', () => {
  test('that is missing is 403 with what would be needed', async () => {
    const key = gateway.auth.addKey({ permissions: ['context:read', 'tools/echo:execute'] });
    const params = { documents: [{ id: 'a', text: 'b' }] };
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'documents/upsert', params }, { key });
    expect(answer.status).toBe(403);
    expect(answer.json.error).toMatchObject({
      code: -32001,
      data: {
        resource: 'documents',
        required_permission: 'documents:write',
        user_permissions: ['context:read', 'tools/echo:execute'],
      },
    });
  });

  test('on one tool is enough to see and call tools', async () => {
    const key = gateway.auth.addKey({ permissions: ['tools/echo:execute'] });
    expect(await gateway.result('tools/list', {}, { key })).toHaveProperty('tools');
    expect(await gateway.result('tools/call', { name: 'echo', arguments: { message: 'x' } }, { key })).toBeTruthy();
    expect((await gateway.call('tools/call', { name: 'secret' }, { key })).error?.code).toBe(-32602);
  });

  test('in another area is none', async () => {
    const key = gateway.auth.addKey({ permissions: ['toolsets:execute', 'context:read'] });
    for (const [method, params] of [
      ['tools/call', { name: 'echo' }],
      ['resources/read', { uri: 'file:///a.md' }],
    ] as const) {
      expect((await gateway.post({ jsonrpc: '2.0', id: 1, method, params }, { key })).status).toBe(403);
    }
  });
});

describe('the rate limit', () => {
  test('lets through what the credential may send, then answers 429 with when to come back', async () => {
    const key = gateway.auth.addKey({ requestsPerMinute: 3 });
    for (let sent = 0; sent < 3; sent += 1) expect((await gateway.post(ping, { key })).status).toBe(200);
    const answer = await gateway.post(ping, { key });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.json.error).toMatchObject({ code: -32004, data: { reason: 'RATE_LIMIT_EXCEEDED' } });
    expect(answer.json.error?.data?.['retry_after_ms']).toBeGreaterThan(0);
  });

  test('counts each request of a batch', async () => {
    const key = gateway.auth.addKey({ requestsPerMinute: 2 });
    const answer = await gateway.post([ping, ping, ping], { key });
    expect(answer.status).toBe(200);
    const replies = answer.json as unknown as { error?: { code: number } }[];
    expect(replies.map(({ error }) => error?.code)).toEqual([undefined, undefined, -32004]);
  });

  test('makes one event of what is beyond it, however many there are', async () => {
    const key = gateway.auth.addKey({ requestsPerMinute: 2 });
    const before = await gateway.auditedCount();
    const notification = { jsonrpc: '2.0', method: 'ping' };
    for (let sent = 0; sent < 5; sent += 1) await gateway.post(Array(100).fill(notification), { key });
    await gateway.auditedCount();
    const events = gateway.auth.events.slice(before);
    const refused = events.filter(({ reason }) => reason === 'RATE_LIMIT_EXCEEDED');
    // Events of the tests before may still come in.
    const isMine = ({ credentialId }: { credentialId: string }) => credentialId === refused[0]?.credentialId;
    expect(events.filter(isMine).filter(({ reason }) => reason === '')).toHaveLength(2);
    expect(refused.length).toBeLessThanOrEqual(5);
    expect(refused.reduce((sum, { target }) => sum + Number.parseInt(target, 10), 0)).toBe(498);
    expect(new Set(refused.map(({ tenantId }) => tenantId))).toEqual(new Set(['test-tenant']));
  });

  test('does not hold for a credential without one', async () => {
    const answers = await Promise.all(Array.from({ length: 70 }, () => gateway.post(ping)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});
