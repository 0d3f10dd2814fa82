import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const RUNS = 3_000;
const SEED = 20_251_125;

const methods = [
  'initialize',
  'ping',
  'protocol/capabilities',
  'context/get',
  'context/search',
  'context/sources',
  'context/stream',
  'session/append',
  'session/get',
  'documents/upsert',
  'documents/delete',
  'documents/list',
  'tools/list',
  'tools/schema',
  'tools/execute',
  'tools/call',
  'resources/get',
  'resources/read',
  'resources/list',
  'resources/subscribe',
  'resources/changes',
  'resources/unsubscribe',
  'keys/create',
  'keys/revoke',
  'roles/list',
  'roles/put',
  'roles/delete',
  'users/put',
  'grants/put',
  'grants/delete',
  'tenants/create',
  'tenants/list',
  'audit/query',
  'notifications/cancelled',
];

const fields = [
  'query',
  'options',
  'name',
  'arguments',
  'uri',
  'documents',
  'entries',
  'sessionId',
  'cursor',
  'limit',
  'ids',
  'user_id',
  'permissions',
  'resource',
  'action',
  'tenant_id',
  '_meta',
  '__proto__',
];
const anyParams = fc.oneof(
  fc.json().map((text): unknown => JSON.parse(text)),
  fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()),
);
const anyCall = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant('2.0') }, { weight: 1, arbitrary: fc.jsonValue() }),
    id: fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.jsonValue()),
    method: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...methods) }, { weight: 1, arbitrary: fc.jsonValue() }),
    params: anyParams,
  },
  { requiredKeys: ['jsonrpc', 'method'] },
);
const anyBody = fc.oneof(
  { weight: 5, arbitrary: anyCall.map((call) => JSON.stringify(call)) },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(anyCall, fc.jsonValue()), { maxLength: 8 }).map((batch) => JSON.stringify(batch)),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.uint8Array() },
);

function expectResponse(value: unknown): void {
  expect(value).toMatchObject({ jsonrpc: '2.0' });
  const response = value as Record<string, unknown>;
  expect('id' in response).toBe(true);
  expect('result' in response).not.toBe('error' in response);
  if ('error' in response) {
    expect(response['error']).toMatchObject({ code: expect.any(Number), message: expect.stringMatching(/\S/) });
    expect(JSON.stringify(response)).not.toMatch(/\.ts:\d|node_modules|internal error/);
  }
}

test('whatever is posted is answered with valid JSON-RPC and never a 5xx', async () => {
  await fc.assert(
    fc.asyncProperty(anyBody, fc.boolean(), async (body, isLegacy) => {
      const answer = await gateway.post(body, isLegacy ? { headers: { 'mcp-protocol-version': '2025-06-18' } } : {});
      expect(answer.status).toBeLessThan(500);
      if (answer.status === 202) {
        expect(answer.text).toBe('');
        return;
      }
      const json: unknown = JSON.parse(answer.text);
      for (const response of Array.isArray(json) ? json : [json]) expectResponse(response);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(await gateway.result('ping')).toEqual({});
}, 120_000);
