import type { CallContext } from '@gantry/rpc';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';
import { envelope, MODERN, type ModernRequest, postModern, serverMeta, standardHeaders } from '../modern-client.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const post = (method: string, request?: ModernRequest) => postModern(gateway, method, request);
const echo = { name: 'echo', arguments: { message: 'hi' } };

describe('in the modern dialect', () => {
  test('server/discover says what can be spoken and done, and who says it', async () => {
    const answer = await post('server/discover', { id: 'd' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(answer.json).toEqual({
      jsonrpc: '2.0',
      id: 'd',
      result: {
        resultType: 'complete',
        ttlMs: 3_600_000,
        cacheScope: 'public',
        _meta: serverMeta,
        supportedVersions: [MODERN],
        capabilities: { tools: {}, resources: {} },
        instructions: expect.stringContaining('context_search'),
      },
    });
  });

  test('tools/call hands on what the tool said, to the digit', async () => {
    const answer = await post('tools/call', { params: echo });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"hi"}],` +
        `"structuredContent":{"big":9007199254740993},"isError":false,"_meta":${JSON.stringify(serverMeta)}}}`,
    );
  });

  test('a tool that failed is a result', async () => {
    const answer = await post('tools/call', { params: { name: 'fail', arguments: { message: 'no' } } });
    expect([answer.status, answer.json.result]).toEqual([
      200,
      { resultType: 'complete', content: [{ type: 'text', text: 'no' }], isError: true, _meta: serverMeta },
    ]);
  });

  test('arguments that break the schema are a result that the model can mend', async () => {
    const answer = await post('tools/call', { params: { name: 'echo', arguments: {} } });
    expect(answer.status).toBe(200);
    expect(answer.json.result).toEqual({
      resultType: 'complete',
      content: [{ type: 'text', text: 'the arguments do not fit the schema of the tool' }],
      isError: true,
      _meta: serverMeta,
    });
  });

  test.each<[string, Record<string, unknown>, object]>([
    ['tools/list', {}, { tools: [{ name: 'echo', inputSchema: { type: 'object' } }], nextCursor: 'page-2' }],
    ['tools/list', { cursor: 'page-2' }, { tools: [{ name: 'second' }] }],
    ['resources/list', {}, { resources: [{ uri: 'file:///a.md', name: 'a.md', size: 5 }] }],
    ['resources/templates/list', {}, { resourceTemplates: [{ uriTemplate: 'file:///{path}' }] }],
    ['resources/read', { uri: 'file:///a.md' }, { contents: [{ uri: 'file:///a.md', text: 'hello' }] }],
    ['resources/read', { uri: 'file:///a.bin' }, { contents: [{ blob: 'AQID' }] }],
  ])('%s of %j is complete, and for nobody else to keep', async (method, params, members) => {
    const answer = await post(method, { params });
    expect(answer.status).toBe(200);
    expect(answer.json.result).toMatchObject({
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'private',
      _meta: serverMeta,
      ...members,
    });
  });

  test.each([
    ['an unknown tool', 'tools/call', { name: 'nope' }, { reason: 'TOOL_NOT_FOUND' }],
    ['a tool without a name', 'tools/call', {}, { reason: 'PARAMS_INVALID' }],
    ['arguments that are no object', 'tools/call', { name: 'echo', arguments: 5 }, { reason: 'PARAMS_INVALID' }],
    ['an unknown resource', 'resources/read', { uri: 'file:///none' }, { uri: 'file:///none' }],
    ['a cursor that is no text', 'tools/list', { cursor: 5 }, { reason: 'PARAMS_INVALID' }],
  ])('%s is a bad parameter, told in-band', async (_name, method, params, data) => {
    const answer = await post(method, { params });
    expect([answer.status, answer.json.error]).toMatchObject([200, { code: -32602, data }]);
  });

  test('a busy tool is 1008, and a tool that crashes is an internal error', async () => {
    const busy = await post('tools/call', { params: { name: 'busy' } });
    expect([busy.status, busy.json.error]).toMatchObject([429, { code: 1008, data: { retry_after_ms: 1_500 } }]);
    const crash = await post('tools/call', { params: { name: 'crash' } });
    expect([crash.status, crash.json.error]).toMatchObject([200, { code: -32603, message: 'internal error' }]);
  });

  test('each request is recorded with its method and target', async () => {
    const before = await gateway.auditedCount();
    await post('tools/call', { params: echo });
    await post('server/discover', { headers: { 'mcp-method': 'tools/list' } });
    await gateway.auditedCount();
    await vi.waitFor(() =>
      expect(gateway.auth.events.slice(before)).toMatchObject([
        { method: 'tools/call', target: 'echo', reason: '', outcome: 1 },
        { method: 'server/discover', reason: 'HEADER_MISMATCH', outcome: 3 },
      ]),
    );
  });
});

describe('a method that the revision does not have', () => {
  test.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'tasks/list',
    'context/get',
    'tools/execute',
    'protocol/capabilities',
    'keys/list',
    'notifications/cancelled',
    '__proto__',
    '',
  ])('such as %j is 404', async (method) => {
    const answer = await post(method, { id: 'x' });
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ id: 'x', error: { code: -32601, data: { reason: 'METHOD_NOT_FOUND' } } });
  });
});

const key = (name: string) => `io.modelcontextprotocol/${name}`;
const without = (name: string) =>
  Object.fromEntries(Object.entries(envelope).filter(([member]) => member !== key(name)));

describe('what a request says about itself', () => {
  test.each([
    ['missing', null],
    ['no object', 'text'],
    ['without a version', without('protocolVersion')],
    ['without capabilities', without('clientCapabilities')],
    ['of a version that is no text', { ...envelope, [key('protocolVersion')]: 20_260_728 }],
    ['of capabilities that are no object', { ...envelope, [key('clientCapabilities')]: ['sampling'] }],
    ['of a client without a version', { ...envelope, [key('clientInfo')]: { name: 'x' } }],
    ['of a level that is none', { ...envelope, [key('logLevel')]: 'loud' }],
  ])('is refused when it is %s', async (_name, meta) => {
    const answer = await post('server/discover', { id: 'e', meta });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ id: 'e', error: { code: -32602, data: { reason: 'ENVELOPE_INVALID' } } });
  });

  test('need not be who the client is', async () => {
    expect((await post('server/discover', { meta: without('clientInfo') })).status).toBe(200);
  });

  test.each(['v999.0.0', '2025-11-25', '2031-01-01', ''])(
    'may not be the version %j: what is supported is told',
    async (version) => {
      const meta = { ...envelope, [key('protocolVersion')]: version };
      const answer = await post('server/discover', { id: 'v', meta, headers: { 'mcp-protocol-version': version } });
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({
        id: 'v',
        error: { code: -32022, data: { supported: [MODERN], requested: version } },
      });
    },
  );
});

describe('the headers of a request', () => {
  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  const mismatches: readonly [string, string, ModernRequest][] = [
    ['without a version', 'tools/list', { headers: { 'mcp-protocol-version': undefined } }],
    ['of another version', 'tools/list', { headers: { 'mcp-protocol-version': '2025-11-25' } }],
    ['of a version that is none', 'tools/list', { headers: { 'mcp-protocol-version': 'latest' } }],
    ['without a method', 'tools/list', { headers: { 'mcp-method': undefined } }],
    ['of another method', 'tools/list', { headers: { 'mcp-method': 'tools/call' } }],
    ['of the method in another case', 'tools/list', { headers: { 'mcp-method': 'Tools/List' } }],
    ['without a name', 'tools/call', { params: echo, headers: { 'mcp-name': undefined } }],
    ['of another tool', 'tools/call', { params: echo, headers: { 'mcp-name': 'fail' } }],
    ['of the tool in another case', 'tools/call', { params: echo, headers: { 'mcp-name': 'Echo' } }],
    ['of a tool where the body names none', 'tools/call', { headers: { 'mcp-name': 'echo' } }],
    [
      'of another resource',
      'resources/read',
      { params: { uri: 'file:///a.md' }, headers: { 'mcp-name': 'file:///b' } },
    ],
    ['without the name of a prompt', 'prompts/get', { params: { name: 'p' }, headers: { 'mcp-name': undefined } }],
    ['of another tool in base64', 'tools/call', { params: echo, headers: { 'mcp-name': base64('fail') } }],
    ['of base64 that is none', 'tools/call', { params: echo, headers: { 'mcp-name': '=?base64?ZWNo!?=' } }],
    ['of base64 without padding', 'tools/call', { params: echo, headers: { 'mcp-name': '=?base64?ZWNobw?=' } }],
    ['of a marker in upper case', 'tools/call', { params: echo, headers: { 'mcp-name': '=?BASE64?ZWNobw==?=' } }],
  ];

  test.each(mismatches)('%s are refused, and nothing is called', async (_name, method, request) => {
    const answer = await post(method, { id: 'h', ...request });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ id: 'h', error: { code: -32020, data: { reason: 'HEADER_MISMATCH' } } });
  });

  test.each<[string, ModernRequest]>([
    ['in other cases', { headers: { 'mcp-method': undefined, 'MCP-METHOD': 'tools/call' } }],
    ['with white space around them', { headers: { 'mcp-name': '  echo\t' } }],
    ['in base64', { headers: { 'mcp-name': base64('echo') } }],
    ['of a session and an event, which are ignored', { headers: { 'mcp-session-id': 's', 'last-event-id': '7' } }],
    ['that take anything', { headers: { accept: '*/*' } }],
    ['of parameters, which are not looked at', { headers: { 'mcp-param-region': 'eu' } }],
  ])('%s are taken', async (_name, request) => {
    const answer = await post('tools/call', { params: echo, ...request });
    expect([answer.status, answer.json.result]).toMatchObject([200, { isError: false }]);
    expect(answer.headers.get('mcp-session-id')).toBeNull();
  });

  test('name a resource beyond ASCII in base64', async () => {
    const params = { uri: 'file:///é' };
    const answer = await post('resources/read', { params, headers: { 'mcp-name': base64(params.uri) } });
    expect([answer.status, answer.json.error?.data]).toMatchObject([200, { uri: 'file:///é' }]);
  });

  test.each(['application/json', 'text/event-stream', 'text/html'])('that take only %s are 406', async (accept) => {
    const answer = await post('tools/list', { id: 'a', headers: { accept } });
    expect(answer.status).toBe(406);
    expect(answer.json).toMatchObject({ id: 'a', error: { code: -32600, data: { reason: 'ACCEPT_HEADER_INVALID' } } });
  });
});

describe('one URL for both eras', () => {
  const modernCall = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: envelope } };
  const headers = { 'mcp-protocol-version': MODERN };

  test.each([
    ['an array with a request of the revision', [{ jsonrpc: '2.0', id: 1, method: 'ping' }, modernCall], {}],
    ['an array under the version', [{ jsonrpc: '2.0', id: 1, method: 'ping' }], headers],
    ['a response under the version', { jsonrpc: '2.0', id: 1, result: {} }, headers],
    ['a request whose id is null', { ...modernCall, id: null }, headers],
    ['a request without an id', { ...modernCall, id: undefined }, headers],
  ])('%s is no request', async (_name, body, sent) => {
    const answer = await gateway.post(body, { headers: sent });
    expect([answer.status, answer.json]).toMatchObject([400, { id: null, error: { code: -32600 } }]);
  });

  test('a claim without headers is refused, and not served as something else', async () => {
    const answer = await gateway.post(modernCall);
    expect([answer.status, answer.json.error?.code]).toEqual([400, -32020]);
  });

  test('initialize is legacy, but not under the version', async () => {
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } };
    expect((await gateway.post(initialize)).json.result).toMatchObject({ protocolVersion: '2025-11-25' });
    const answer = await gateway.post(initialize, { headers });
    expect([answer.status, answer.json.error?.code]).toEqual([400, -32020]);
  });

  test.each(['notifications/cancelled', 'notifications/initialized', 'notifications/later'])(
    'the notification %s is taken without an answer',
    async (method) => {
      const claimed = await gateway.post({ jsonrpc: '2.0', method, params: { _meta: envelope } }, { headers });
      expect([claimed.status, claimed.text]).toEqual([202, '']);
      const bare = await gateway.post({ jsonrpc: '2.0', method }, { headers: { ...headers, 'mcp-method': method } });
      expect([bare.status, bare.text]).toEqual([202, '']);
    },
  );

  test('a notification that contradicts its headers is refused', async () => {
    const notification = { jsonrpc: '2.0', method: 'notifications/cancelled' };
    const answer = await gateway.post(notification, { headers: { ...headers, 'mcp-method': 'tools/call' } });
    expect([answer.status, answer.json.error?.code]).toEqual([400, -32020]);
  });

  test.each(['GET', 'DELETE', 'PUT'])('%s is 405', async (method) => {
    const response = await fetch(gateway.httpUrl, { method, headers: { authorization: `Bearer ${gateway.key}` } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('what cannot be parsed is 400', async () => {
    const answer = await gateway.post('{"jsonrpc"', { headers });
    expect([answer.status, answer.json.error?.code]).toEqual([400, -32700]);
  });
});

describe('who may call', () => {
  test('nobody without a key', async () => {
    const answer = await post('server/discover', { options: { key: null } });
    expect([answer.status, answer.json.error?.code]).toEqual([401, 1016]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('nobody without the permission, but discovery is for everybody', async () => {
    const options = { key: gateway.auth.addKey({ permissions: [] }) };
    const answer = await post('tools/list', { options });
    expect([answer.status, answer.json.error]).toMatchObject([403, { code: 1007 }]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope"');
    expect((await post('server/discover', { options })).status).toBe(200);
  });

  test('nobody beyond the rate', async () => {
    const options = { key: gateway.auth.addKey({ requestsPerMinute: 1 }) };
    expect((await post('tools/list', { options })).status).toBe(200);
    const answer = await post('tools/list', { options });
    expect([answer.status, answer.json.error?.code]).toEqual([429, 1008]);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

test('a client that hangs up has cancelled', async () => {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  // eslint-disable-next-line require-yield -- It ends before its first message.
  async function* callTool(_request: unknown, { signal }: CallContext) {
    begun.resolve();
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))).finally(
      aborted.resolve,
    );
  }
  await using slow = await GatewayFixture.start({ overrides: { tool: { callTool } } });
  const controller = new AbortController();
  const headers = { ...standardHeaders('tools/call', echo), 'content-type': 'application/json' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...echo, _meta: envelope } });
  const sent = { ...headers, authorization: `Bearer ${slow.key}` };
  const call = fetch(slow.httpUrl, { method: 'POST', headers: sent, body, signal: controller.signal });
  await begun.promise;
  controller.abort();
  await expect(call).rejects.toThrow('aborted');
  await aborted.promise;
  await vi.waitFor(() => expect(slow.auth.events).toMatchObject([{ reason: 'CANCELLED' }]), 5_000);
});
