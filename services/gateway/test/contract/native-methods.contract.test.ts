import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start({ env: { GATEWAY_MAX_CONTEXT_ITEMS: '20' } });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const item = {
  id: 'p1',
  content: '# Rates\n\nThe **rate** is [here](https://example.com).',
  type: 'document',
  source: 'handbook',
  metadata: {
    timestamp: '2025-11-22T10:00:00.000Z',
    relevance: 1,
    source_url: 'https://example.com/doc',
    document_id: 'd1',
    title: 'Rates',
    author: 'ann',
  },
};

describe('context', () => {
  test('get answers in the published shape and nothing more', async () => {
    const result = await gateway.result('context/get', {
      query: 'rate',
      unknown: 1,
      options: { sources: ['handbook'] },
    });
    expect(result).toEqual({ context: [item], total: 12, query_id: 'q1' });
  });

  test('get without a match is a success', async () => {
    expect(await gateway.result('context/get', { query: 'nothing' })).toEqual({
      context: [],
      total: 0,
      query_id: 'q0',
    });
  });

  test.each([
    ['plain', 'Rates\n\nThe rate is here.'],
    ['markdown', item.content],
    ['json', JSON.stringify({ title: 'Rates', text: item.content, source_url: 'https://example.com/doc' })],
  ])('get writes content as %s', async (format, content) => {
    const { metadata: _, ...bare } = item;
    const options = { format, includeMetadata: false, maxResults: 20 };
    const result = await gateway.result('context/get', { query: 'rate', options });
    expect(result).toMatchObject({ context: [{ ...bare, content }] });
    expect(JSON.stringify(result)).not.toContain('metadata');
  });

  test('search answers a page and where to go on', async () => {
    const first = await gateway.result('context/search', { query: 'rate', source: 'handbook', limit: 1 });
    expect(first).toEqual({ results: [item], total: 2, query_id: 'q2', nextCursor: 'more' });
    expect(await gateway.result('context/search', { query: 'rate', cursor: 'more' })).not.toHaveProperty('nextCursor');
  });

  test('search of a source that does not exist is invalid', async () => {
    const { error } = await gateway.call('context/search', { query: 'x', source: 'missing' });
    expect(error).toMatchObject({ code: -32602, data: { reason: 'SOURCE_NOT_FOUND' } });
  });

  test('sources answers what there is', async () => {
    expect(await gateway.result('context/sources')).toEqual({
      sources: [{ name: 'handbook', document_count: 3, passage_count: 9, updated_at: '1970-01-01T00:00:00.000Z' }],
    });
  });

  test('stream says that it comes later', async () => {
    const { error } = await gateway.call('context/stream', { query: 'x' });
    expect(error).toMatchObject({ code: -32601, message: expect.stringContaining('later version') });
  });
});

describe('tools', () => {
  const schema = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] };

  test('list answers in the shape of MCP, page by page', async () => {
    const echo = { name: 'echo', title: 'Echo', description: 'Returns its message.', inputSchema: schema };
    const tools = [{ ...echo, annotations: { readOnlyHint: true } }];
    expect(await gateway.result('tools/list')).toEqual({ tools, nextCursor: 'page-2' });
    const second = await gateway.result('tools/list', { cursor: 'page-2' });
    expect(second).toMatchObject({ tools: [{ name: 'second' }] });
    expect(second).not.toHaveProperty('nextCursor');
  });

  test('schema answers the schema itself', async () => {
    expect(await gateway.result('tools/schema', { name: 'echo' })).toEqual(schema);
    expect((await gateway.call('tools/schema', { name: 'nope' })).error?.code).toBe(-32602);
  });

  test.each([
    ['tools/execute', { name: 'echo', parameters: { message: 'hi' } }],
    ['tools/execute', { name: 'echo', arguments: { message: 'hi' } }],
    ['tools/call', { name: 'echo', arguments: { message: 'hi' } }],
  ])('%s answers what the tool says, to the last digit', async (method, params) => {
    const { text } = await gateway.post({ jsonrpc: '2.0', id: 1, method, params });
    const content = '[{"type":"text","text":"hi"}]';
    const structured = '{"big":9007199254740993}';
    expect(text).toContain(`{"content":${content},"structuredContent":${structured},"isError":false}`);
  });

  test('a tool that ran and failed is -32003 with what it says', async () => {
    const answer = await gateway.post({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/execute',
      params: { name: 'fail', parameters: { message: 'no' } },
    });
    expect(answer.status).toBe(200);
    expect(answer.json.error).toMatchObject({ code: -32003, data: { content: [{ type: 'text', text: 'no' }] } });
  });

  test('arguments that break the schema are -32602 with the field', async () => {
    const { error } = await gateway.call('tools/execute', { name: 'echo', parameters: { message: 5 } });
    expect(error).toMatchObject({
      code: -32602,
      data: { violations: [{ field: 'message', description: 'must be a string' }] },
    });
  });

  test('an unknown tool is -32602', async () => {
    const { error } = await gateway.call('tools/execute', { name: 'nope' });
    expect(error).toMatchObject({ code: -32602, message: 'there is no tool named "nope"' });
  });

  test('a busy tool is 429 with when to come back', async () => {
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'tools/execute', params: { name: 'busy' } });
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.json.error).toMatchObject({ code: -32004, data: { reason: 'TOOL_BUSY', retry_after_ms: 1_500 } });
  });

  test('a bug of a service is an internal error without details', async () => {
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'tools/execute', params: { name: 'crash' } });
    expect(answer.status).toBe(200);
    expect(answer.json.error).toEqual({ code: -32603, message: 'internal error', data: { reason: 'INTERNAL' } });
  });
});

describe('resources', () => {
  test('get answers the content flat and as MCP does', async () => {
    const contents = { uri: 'file:///a.md', mimeType: 'text/markdown', text: 'hello' };
    const result = await gateway.result('resources/get', { uri: 'file:///a.md' });
    expect(result).toEqual({ ...contents, version: 'v1', contents: [contents] });
  });

  test('read answers bytes as base64', async () => {
    expect(await gateway.result('resources/read', { uri: 'file:///a.bin' })).toEqual({
      contents: [{ uri: 'file:///a.bin', mimeType: 'application/octet-stream', blob: 'AQID' }],
    });
  });

  test('list answers resources of a type', async () => {
    expect(await gateway.result('resources/list', { type: 'https' })).toEqual({
      resources: [{ uri: 'https:///a.md', name: 'a.md', mimeType: 'text/markdown', size: 5 }],
    });
  });

  test('templates/list answers the templates', async () => {
    expect(await gateway.result('resources/templates/list')).toEqual({
      resourceTemplates: [{ uriTemplate: 'file:///{path}', name: 'files' }],
    });
  });

  test.each([
    ['that does not exist', 'file:///../etc/passwd', 200, -32002],
    ['of an unknown scheme', 'ftp://a/b', 200, -32602],
    ['at a forbidden address', 'http://10.0.0.1/', 403, -32001],
    ['that is too large', 'file:///huge', 200, -32004],
  ])('a resource %s says so', async (_name, uri, status, code) => {
    const answer = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'resources/get', params: { uri } });
    expect(answer.status).toBe(status);
    expect(answer.json.error?.code).toBe(code);
    if (code === -32002) expect(answer.json.error?.data?.['uri']).toBe(uri);
  });

  test('subscribe answers a token that any replica polls with', async () => {
    const uri = 'file:///a.md';
    const first = (await gateway.result('resources/subscribe', { uri })) as { subscriptionId: string };
    expect(first).toMatchObject({ uri, delivery: 'poll' });
    const { subscriptionId } = first;
    expect(await gateway.result('resources/changes', { subscriptionId })).toEqual({
      changed: false,
      subscriptionId,
      uri,
    });
    gateway.resources.change(uri, 'v2');
    const changed = (await gateway.result('resources/changes', { subscriptionId })) as { subscriptionId: string };
    expect(changed).toMatchObject({ changed: true, uri });
    expect(await gateway.result('resources/changes', { subscriptionId: changed.subscriptionId })).toMatchObject({
      changed: false,
    });
    expect(await gateway.result('resources/unsubscribe', { subscriptionId })).toEqual({});
    gateway.resources.change(uri, 'v1');
  });

  test('a token of our own making is refused', async () => {
    for (const subscriptionId of ['x', 'poll.e30', 'poll.WzFd']) {
      expect((await gateway.call('resources/changes', { subscriptionId })).error?.code).toBe(-32602);
    }
  });

  test('subscribing to nothing says so', async () => {
    expect((await gateway.call('resources/subscribe', { uri: 'file:///none' })).error?.code).toBe(-32002);
  });
});

describe('sessions', () => {
  test('keep what is appended until they are deleted', async () => {
    const sessionId = 's1';
    const entries = [{ id: 'e1', role: 'user', content: 'hello' }];
    expect(await gateway.result('session/append', { sessionId, entries })).toEqual({
      sessionId,
      entry_count: 1,
      content_bytes: 5,
      trimmed_count: 0,
    });
    expect(await gateway.result('session/get', { sessionId })).toEqual({
      sessionId,
      entries: [{ ...entries[0], timestamp: null }],
      content_bytes: 5,
    });
    expect(await gateway.result('session/delete', { sessionId })).toEqual({ sessionId, deleted: true });
    expect(await gateway.result('session/get', { sessionId })).toMatchObject({ entries: [] });
  });
});

describe('documents', () => {
  test('are stored, listed and deleted', async () => {
    const timestamp = '2025-01-02T03:04:05.000Z';
    const document = { id: 'd1', text: 'text', title: 'One', source: 'src', source_url: 'https://a', timestamp };
    const documents = [
      { ...document, format: 'markdown', metadata: { a: [1] } },
      { id: 'd2', text: 'bad' },
    ];
    expect(await gateway.result('documents/upsert', { documents })).toEqual({
      results: [
        { id: 'd1', outcome: 'created', passage_count: 1 },
        { id: 'd2', outcome: 'refused', error: 'the text is bad', passage_count: 1 },
      ],
    });
    expect(await gateway.result('documents/list', { source: 'src', limit: 1_000 })).toMatchObject({
      documents: [
        { id: 'd1', source: 'src', title: 'One', source_url: 'https://a', timestamp, text_bytes: 4 },
        { id: 'd2', timestamp: null },
      ],
    });
    expect(await gateway.result('documents/delete', { ids: ['d1', 'd2'] })).toEqual({
      deleted_count: 1,
      missing_count: 1,
    });
  });

  test('upsert takes 500 and no more', async () => {
    const documents = Array.from({ length: 501 }, (_, index) => ({ id: `d${index}`, text: 'x' }));
    expect((await gateway.call('documents/upsert', { documents })).error?.code).toBe(-32602);
    expect((await gateway.call('documents/upsert', { documents: documents.slice(1) })).error).toBeUndefined();
  });
});

describe('keys and audit', () => {
  test('a key is created, listed, rotated and revoked', async () => {
    const wanted = { name: 'ci', user: 'bot', roles: ['reader'], requests_per_minute: 5, lifetime_seconds: 1.5 };
    expect(await gateway.result('keys/create', wanted)).toMatchObject({
      key: { key_id: 'abc', name: 'ci', user: 'bot', roles: ['reader'], requests_per_minute: 5, expires_at: null },
      secret: 'gk_secret',
    });
    expect(await gateway.result('keys/list')).toMatchObject({ keys: [{ key_id: 'abc', name: 'one' }] });
    const rotated = await gateway.result('keys/rotate', { key_id: 'abc', overlap_seconds: 60 });
    expect(rotated).toEqual({ key_id: 'abc', secret: 'gk_rotated_60' });
    expect(await gateway.result('keys/revoke', { key_id: 'abc' })).toEqual({ key_id: 'abc', revoked: true });
  });

  test('a key that does not exist says so', async () => {
    expect((await gateway.call('keys/revoke', { key_id: 'missing' })).error?.code).toBe(-32602);
  });

  test('audit/query answers events', async () => {
    await expect.poll(() => gateway.auth.events.length).toBeGreaterThan(0);
    const result = await gateway.result('audit/query', { limit: 5, outcome: 'success', before: '2030-01-01' });
    expect(result).toMatchObject({ events: [{ transport: 'http', outcome: expect.any(String) }] });
  });
});

describe('protocol', () => {
  test('capabilities tells what there is', async () => {
    expect(await gateway.result('protocol/capabilities', {})).toMatchObject({
      version: '1.0',
      supported_features: expect.arrayContaining(['context', 'tools', 'resources', 'batch', 'websocket', 'grpc']),
      extensions: {},
      protocol_versions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
      server_info: { name: 'gantry' },
      limits: { body_bytes: 4_194_304, batch_requests: 100, json_depth: 64, context_items: 20 },
    });
  });
});

const wrongParams: readonly [string, unknown, string][] = [
  ['context/get', {}, 'params.query must be a string that is not empty'],
  ['context/get', { query: 5 }, 'params.query must be a string that is not empty'],
  ['context/get', { query: '' }, 'params.query must be a string that is not empty'],
  ['context/get', { query: 'x', options: [] }, 'params.options must be an object'],
  [
    'context/get',
    { query: 'x', options: { maxResults: 0 } },
    'params.options.maxResults must be a whole number from 1 to 20',
  ],
  [
    'context/get',
    { query: 'x', options: { maxResults: 21 } },
    'params.options.maxResults must be a whole number from 1 to 20',
  ],
  [
    'context/get',
    { query: 'x', options: { maxResults: 1.5 } },
    'params.options.maxResults must be a whole number from 1 to 20',
  ],
  [
    'context/get',
    { query: 'x', options: { format: 'pdf' } },
    'params.options.format must be one of "markdown", "plain", "json"',
  ],
  [
    'context/get',
    { query: 'x', options: { includeMetadata: 'yes' } },
    'params.options.includeMetadata must be true or false',
  ],
  ['context/get', { query: 'x', options: { sources: [1] } }, 'params.options.sources must be an array of strings'],
  ['context/search', { query: 'x', source: 1 }, 'params.source must be a string'],
  ['tools/execute', {}, 'params.name must be a string that is not empty'],
  ['tools/execute', { name: 'echo', parameters: 'x' }, 'params.parameters must be an object'],
  ['tools/call', { name: 'echo', arguments: [] }, 'params.arguments must be an object'],
  ['tools/list', { cursor: 1 }, 'params.cursor must be a string'],
  ['resources/get', { uri: null }, 'params.uri must be a string that is not empty'],
  ['resources/unsubscribe', {}, 'params.subscriptionId or params.uri must be a string'],
  ['session/append', { sessionId: 's', entries: [] }, 'params.entries must be an array of 1 to 100 objects'],
  ['session/append', { sessionId: 's', entries: [5] }, 'params.entries[0] must be an object'],
  [
    'session/append',
    { sessionId: 's', entries: [{ id: 'a', role: 'user' }] },
    'params.entries[0].content must be a string that is not empty',
  ],
  ['documents/upsert', {}, 'params.documents must be an array of 1 to 500 objects'],
  [
    'documents/upsert',
    { documents: [{ id: 'a', text: 'b', timestamp: 'yesterday' }] },
    'params.documents[0].timestamp must be a time in ISO 8601, such as 2025-11-22T10:00:00Z',
  ],
  [
    'documents/upsert',
    { documents: [{ id: 'a', text: 'b', metadata: [] }] },
    'params.documents[0].metadata must be an object',
  ],
  ['documents/delete', { ids: [] }, 'params.ids must be an array of strings with at least one'],
  ['keys/create', { name: 'x', lifetime_seconds: -1 }, 'params.lifetime_seconds must be a number of seconds above 0'],
  [
    'keys/create',
    { name: 'x', requests_per_minute: -1 },
    'params.requests_per_minute must be a whole number from 0 to 2147483647',
  ],
  ['audit/query', { outcome: 'maybe' }, 'params.outcome must be one of "success", "denied", "failure"'],
  ['initialize', {}, 'params.protocolVersion must be a string that is not empty'],
];

test.each(wrongParams)('%s with %j is -32602 and says what to change', async (method, params, message) => {
  const { error } = await gateway.call(method, params);
  expect(error).toMatchObject({ code: -32602, message });
  expect(error?.data).toMatchObject({ reason: 'PARAMS_INVALID' });
});
