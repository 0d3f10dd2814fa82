import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { GatewayFixture, type JsonRpcResponse } from '../gateway-fixture.ts';
import { envelope, MODERN, standardHeaders } from '../modern-client.ts';

let gateway: GatewayFixture;

beforeAll(async () => {
  gateway = await GatewayFixture.start();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const RUNS = 2_000;
const SEED = 20_260_728;

/** The codes of the revision; what is Gantry's own is above 0. */
const CODES: readonly unknown[] = [-32_700, -32_600, -32_601, -32_602, -32_603, -32_020, -32_021, -32_022];

const methods = [
  'server/discover',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/get',
  'initialize',
  'ping',
  'context/get',
  'notifications/cancelled',
];
const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: other });

const anyMeta = mostly<unknown>(
  fc.constant(envelope),
  fc.dictionary(fc.constantFrom(...Object.keys(envelope), 'progressToken', '__proto__'), fc.jsonValue()),
);
const anyParams = fc.record(
  {
    name: mostly<unknown>(fc.constantFrom('echo', 'fail', 'nope'), fc.jsonValue()),
    uri: mostly<unknown>(fc.constantFrom('file:///a.md', 'file:///none'), fc.jsonValue()),
    arguments: mostly<unknown>(fc.constant({ message: 'hi' }), fc.jsonValue()),
    cursor: fc.jsonValue(),
    _meta: anyMeta,
  },
  { requiredKeys: ['_meta'] },
);
const anyRequest = fc.record(
  {
    jsonrpc: fc.constant('2.0'),
    id: mostly<unknown>(fc.oneof(fc.string(), fc.integer()), fc.jsonValue()),
    method: mostly(fc.constantFrom(...methods), fc.string()),
    params: mostly<unknown>(anyParams, fc.jsonValue()),
  },
  { requiredKeys: ['jsonrpc', 'method'] },
);
const anyBody = mostly<unknown>(anyRequest, fc.array(anyRequest, { maxLength: 3 }));

/** What a header can carry; the rest would not leave the client. */
const anyValue = fc.stringMatching(/^[\x21-\x7e]{0,20}$/);
const anyHeaders = fc.dictionary(
  fc.constantFrom('mcp-protocol-version', 'mcp-method', 'mcp-name', 'accept', 'mcp-session-id', 'mcp-param-x'),
  fc.oneof(anyValue, fc.constantFrom(MODERN, '2025-11-25', '=?base64?ZWNobw==?=', '*/*', ...methods)),
  { maxKeys: 2 },
);

/** The headers that a client would send with a body. */
function headersOf(body: unknown): Record<string, string> {
  if (typeof body !== 'object' || body === null || !('method' in body)) return {};
  const params = 'params' in body && typeof body.params === 'object' ? body.params : {};
  const sent = Object.entries(standardHeaders(String(body.method), { ...params }));
  return Object.fromEntries(sent.filter(([, value]) => /^[\x20-\x7e]*$/.test(value)));
}

test('whatever claims to be modern is answered with valid JSON-RPC in codes of its revision and never a 5xx', async () => {
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(anyBody, anyHeaders, async (body, changed) => {
      const answer = await gateway.post(body, { headers: { ...headersOf(body), ...changed } });
      statuses.add(answer.status);
      expect(answer.status).toBeLessThan(500);
      if (answer.status === 202) {
        expect(answer.text).toBe('');
        return;
      }
      for (const response of [answer.json].flat()) expectResponse(response, answer.text);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // That it came that far.
  expect([...statuses]).toEqual(expect.arrayContaining([200, 202, 400, 404, 406]));
}, 120_000);

function expectResponse({ jsonrpc, result, error }: JsonRpcResponse, text: string): void {
  expect(jsonrpc).toBe('2.0');
  expect(text).not.toMatch(/\.ts:\d|node_modules|internal error/);
  expect(result === undefined).not.toBe(error === undefined);
  if (error === undefined || error.code > 0) return;
  // A body without a claim is of another dialect, which has this one code more.
  expect([...CODES, -32_002]).toContain(error.code);
}
