import { McpRequest, McpResponse, McpServiceDefinition } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { RESPONSE_BYTES_MAX } from '../../src/edge/grpc.ts';
import { textRead } from '../fake-backends.ts';
import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;
let client: Client;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
  client = connect(gateway);
});

afterAll(async () => {
  client.close();
  await gateway[Symbol.asyncDispose]();
});

const text = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function connect({ grpcTarget }: GatewayFixture): Client {
  return new Client(grpcTarget, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
}

function processRequest(
  request: Partial<McpRequest>,
  authorization: string | null = `Bearer ${gateway.key}`,
  via = client,
): Promise<McpResponse> {
  const metadata = new Metadata();
  if (authorization !== null) metadata.set('authorization', authorization);
  const message = McpRequest.create({ jsonrpc: '2.0', id: '1', ...request });
  return new Promise((resolve, reject) => {
    via.makeUnaryRequest(
      `/${McpServiceDefinition.fullName}/ProcessRequest`,
      (value: McpRequest) => Buffer.from(McpRequest.encode(value).finish()),
      (bytes) => McpResponse.decode(bytes),
      message,
      metadata,
      (error, response) => (error === null && response !== undefined ? resolve(response) : reject(error)),
    );
  });
}

function errorOf({ outcome }: McpResponse) {
  if (outcome?.$case !== 'error') throw new Error('this was to be an error');
  const { code, message, data } = outcome.value;
  return { code, message, data: text(data) };
}

describe('processRequest', () => {
  test('answers a request with its id as it was sent', async () => {
    const response = await processRequest({ id: 'a"b', method: 'context/get', params: json({ query: 'rate' }) });
    expect(response).toMatchObject({ jsonrpc: '2.0', id: 'a"b' });
    if (response.outcome?.$case !== 'result') throw new Error('this was to be a result');
    expect(text(response.outcome.value)).toMatchObject({ total: 12, query_id: 'q1' });
  });

  test('takes empty params for none', async () => {
    const { outcome } = await processRequest({ method: 'protocol/capabilities' });
    expect(outcome?.$case).toBe('result');
  });

  test('answers a notification without an outcome', async () => {
    expect(await processRequest({ id: '', method: 'notifications/initialized' })).toEqual({
      jsonrpc: '2.0',
      outcome: undefined,
      id: '',
    });
    expect((await processRequest({ id: '', method: 'nope' })).outcome).toBeUndefined();
  });

  const bad: readonly [string, Partial<McpRequest>, number][] = [
    ['a wrong jsonrpc version', { jsonrpc: '1.0', method: 'ping' }, -32600],
    ['no method', { method: '' }, -32600],
    ['params that are not JSON', { method: 'ping', params: new TextEncoder().encode('{') }, -32700],
    ['params that are not UTF-8', { method: 'ping', params: new Uint8Array([0x22, 0xff, 0x22]) }, -32700],
    ['params that nest 10,000 deep', { method: 'ping', params: new TextEncoder().encode('['.repeat(10_000)) }, -32700],
    ['params beyond 4 MiB', { method: 'ping', params: new Uint8Array(4 * 1024 * 1024 + 1) }, -32600],
    ['params that are an array', { method: 'context/get', params: json([1]) }, -32602],
    ['params of a wrong type', { method: 'context/get', params: json({ query: 1 }) }, -32602],
    ['an unknown method', { method: 'nope' }, -32601],
    ['an unknown tool', { method: 'tools/execute', params: json({ name: 'nope' }) }, -32602],
    ['arguments that break the schema', { method: 'tools/execute', params: json({ name: 'echo' }) }, -32602],
    [
      'a tool that fails',
      { method: 'tools/execute', params: json({ name: 'fail', parameters: { message: 'x' } }) },
      -32003,
    ],
    ['a resource that does not exist', { method: 'resources/get', params: json({ uri: 'file:///no' }) }, -32002],
    [
      'a claim of the modern dialect',
      { method: 'ping', params: json({ _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }) },
      -32022,
    ],
  ];

  test.each(bad)('%s is an error in the response, and recorded', async (_name, request, code) => {
    const before = await gateway.auditedCount();
    const error = errorOf(await processRequest(request));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^\S.{10,}$/);
    await vi.waitFor(() =>
      expect(gateway.auth.events.slice(before)).toMatchObject([{ outcome: 3, transport: 'grpc' }]),
    );
  });

  test('an answer fills a message, and one that is longer is an error in the response', async () => {
    let length = 0;
    await using fixture = await GatewayFixture.start({
      overrides: {
        resource: {
          // As JSON a quote is two bytes: it comes to the gateway, and may go no further.
          readResource: async ({ uri }) => textRead(uri, `${'"'.repeat(2_000_000)}${'x'.repeat(length)}`),
        },
      },
    });
    const via = connect(fixture);
    const request = { id: 'a', method: 'resources/read', params: json({ uri: 'file:///long' }) };
    const read = () => processRequest(request, `Bearer ${fixture.key}`, via);
    const { outcome } = await read();
    if (outcome?.$case !== 'result') throw new Error('this was to be a result');
    length = RESPONSE_BYTES_MAX - outcome.value.length - request.id.length;
    expect(await read()).toMatchObject({ outcome: { $case: 'result' } });
    length += 1;
    expect(errorOf(await read())).toMatchObject({ code: -32602, data: { reason: 'RESPONSE_TOO_LARGE' } });
    via.close();
  });

  test('a body of 10 MiB is an error of the RPC', async () => {
    const request = processRequest({ method: 'ping', params: new Uint8Array(10 * 1024 * 1024) });
    await expect(request).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  test.each([
    ['no key', () => null],
    ['a key nobody knows', () => 'Bearer nope'],
    ['an expired key', () => `Bearer ${gateway.auth.addKey({}, 'expired')}`],
    ['a revoked key', () => `Bearer ${gateway.auth.addKey({}, 'revoked')}`],
  ])('with %s answers -32000', async (_name, authorization) => {
    expect(errorOf(await processRequest({ method: 'ping' }, authorization())).code).toBe(-32000);
  });

  test('a missing permission is -32001 with what would be needed', async () => {
    const key = gateway.auth.addKey({ permissions: ['context:read'] });
    const error = errorOf(await processRequest({ method: 'keys/list' }, `Bearer ${key}`));
    expect(error).toMatchObject({ code: -32001, data: { required_permission: 'keys:read' } });
  });

  test('a used up rate is -32004', async () => {
    const key = gateway.auth.addKey({ requestsPerMinute: 1 });
    await processRequest({ method: 'ping' }, `Bearer ${key}`);
    const error = errorOf(await processRequest({ method: 'ping' }, `Bearer ${key}`));
    expect(error).toMatchObject({ code: -32004, data: { retry_after_ms: expect.any(Number) } });
  });

  test('a subscription is polled', async () => {
    const { outcome } = await processRequest({ method: 'resources/subscribe', params: json({ uri: 'file:///a.md' }) });
    expect(outcome?.$case === 'result' && text(outcome.value)).toMatchObject({ delivery: 'poll' });
  });
});
