import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { GatewayFixture } from '../gateway-fixture.ts';
import { envelope, MODERN, type ModernRequest, postModern, serverMeta } from '../modern-client.ts';

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
});
