import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const legacy = { headers: { 'mcp-protocol-version': '2025-11-25' } };

describe('the official client', () => {
  test('lists and calls tools and reads resources through two replicas', async () => {
    const replica = await gateway.startReplica();
    const urls = [gateway.httpUrl, replica.gateway.endpoints['http'] ?? ''];
    let sent = 0;
    const transport = new StreamableHTTPClientTransport(new URL(gateway.httpUrl), {
      requestInit: { headers: { authorization: `Bearer ${gateway.key}` } },
      // Every request goes to the other replica: nothing may stick.
      fetch: (_url, init) => fetch(urls[(sent += 1) % 2] ?? '', init),
    });
    const client = new Client({ name: 'test', version: '1.0.0' });
    // The SDK's transport is typed without exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    expect(client.getServerVersion()).toMatchObject({ name: 'gantry' });
    expect(client.getServerCapabilities()).toEqual({ tools: {}, resources: {} });
    expect(client.getInstructions()).toContain('context_search');
    expect(await client.ping()).toEqual({});
    const { tools, nextCursor } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['echo']);
    expect(nextCursor).toBe('page-2');
    expect(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })).toMatchObject({
      content: [{ type: 'text', text: 'hi' }],
      isError: false,
    });
    expect(await client.callTool({ name: 'fail', arguments: { message: 'no' } })).toMatchObject({ isError: true });
    expect(await client.listResources()).toMatchObject({ resources: [{ name: 'a.md' }] });
    expect(await client.listResourceTemplates()).toMatchObject({ resourceTemplates: [{ name: 'files' }] });
    expect(await client.readResource({ uri: 'file:///a.md' })).toMatchObject({ contents: [{ text: 'hello' }] });
    await expect(client.readResource({ uri: 'file:///none' })).rejects.toMatchObject({ code: -32002 });
    await expect(client.callTool({ name: 'nope' })).rejects.toMatchObject({ code: -32602 });
    expect(transport.sessionId).toBeUndefined();
    await client.close();
  });
});

describe('initialize', () => {
  test.each(LEGACY)('echoes %s', async (protocolVersion) => {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    expect(await gateway.result('initialize', params)).toMatchObject({ protocolVersion });
  });

  test.each(['1999-01-01', '2026-07-28'])('answers its own latest to %s', async (protocolVersion) => {
    expect(await gateway.result('initialize', { protocolVersion })).toMatchObject({ protocolVersion: '2025-11-25' });
  });
});

describe('the version header', () => {
  test.each(LEGACY)('%s is taken', async (version) => {
    const answer = await gateway.post(
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { headers: { 'mcp-protocol-version': version } },
    );
    expect(answer.status).toBe(200);
  });

  test.each(['2025-01-01', 'latest', '2026'])('%s is 400', async (version) => {
    const answer = await gateway.post(
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { headers: { 'mcp-protocol-version': version } },
    );
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatchObject({
      code: -32600,
      data: { supported: ['2026-07-28', ...LEGACY], requested: version },
    });
  });
});

describe('in the legacy dialect', () => {
  test('a tool that failed is a result', async () => {
    const result = await gateway.result('tools/call', { name: 'fail', arguments: { message: 'no' } }, legacy);
    expect(result).toEqual({ content: [{ type: 'text', text: 'no' }], isError: true });
  });

  test('a session id alone makes a request legacy', async () => {
    const options = { headers: { 'mcp-session-id': 'old' } };
    expect(await gateway.result('tools/call', { name: 'fail', arguments: { message: 'no' } }, options)).toHaveProperty(
      'isError',
    );
  });

  test('a busy tool is 1008', async () => {
    const { error } = await gateway.call('tools/call', { name: 'busy' }, legacy);
    expect(error).toMatchObject({ code: 1008, data: { retry_after_ms: 1_500 } });
  });

  test('no native code is used', async () => {
    const key = gateway.auth.addKey({ permissions: [] });
    const denied = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { ...legacy, key });
    expect([denied.status, denied.json.error?.code]).toEqual([403, 1007]);
    const unknown = await gateway.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { ...legacy, key: null });
    expect([unknown.status, unknown.json.error?.code]).toEqual([401, 1016]);
  });

  test('a response to a request we never sent is taken and forgotten', async () => {
    expect((await gateway.post({ jsonrpc: '2.0', id: 1, result: {} }, legacy)).status).toBe(202);
  });
});
