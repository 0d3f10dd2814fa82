import { expect, test } from 'vitest';

import { errorAnswer, resultAnswer, startHttpGateway } from '../test/http-gateway.ts';
import { createJsonRpcClient, MethodError, UnreachableError } from './json-rpc-client.ts';

function failureOf(url: string): Promise<unknown> {
  const call = createJsonRpcClient({ url, apiKey: 'gk_secret' });
  return call('tools/list', {}).then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a call is a JSON-RPC request with the key, and its result is returned', async () => {
  await using gateway = await startHttpGateway(() => resultAnswer({ tools: [] }));
  const call = createJsonRpcClient({ url: gateway.url, apiKey: 'gk_secret' });
  expect(await call('tools/list', { cursor: 'x' })).toEqual({ tools: [] });
  await call('tools/list', {});
  expect(gateway.calls.map(({ body }) => body)).toEqual([
    { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: 'x' } },
    { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} },
  ]);
  expect(gateway.calls[0]?.headers).toMatchObject({
    authorization: 'Bearer gk_secret',
    'content-type': 'application/json',
  });
});

test('a result of null is a result', async () => {
  await using gateway = await startHttpGateway(() => resultAnswer(null));
  expect(await createJsonRpcClient({ url: gateway.url, apiKey: '' })('ping', {})).toBeNull();
});

test.each([
  [401, 'CREDENTIAL_INVALID', 'API key'],
  [403, 'PERMISSION_DENIED', 'permission'],
  [429, 'RATE_LIMIT_EXCEEDED', 'wait'],
])('an error with the status %i keeps its code and data, and says what to do', async (status, reason, hint) => {
  const error = { code: 7, message: 'no', data: { reason, retry_after_ms: 5 } };
  await using gateway = await startHttpGateway(() => errorAnswer(error, status));
  const failure = await failureOf(gateway.url);
  expect(failure).toBeInstanceOf(MethodError);
  expect(failure).toMatchObject({ ...error, status, reason, hint: expect.stringContaining(hint) });
});

test('an error of the method itself comes without a hint', async () => {
  await using gateway = await startHttpGateway(() => errorAnswer({ code: 7, message: 'no' }));
  expect(await failureOf(gateway.url)).toMatchObject({ message: 'no', hint: undefined, data: undefined, reason: '' });
});

test.each([
  '<html>not here</html>',
  '',
  '[]',
  '"text"',
  'null',
  '{"status":"ok"}',
  '{"error":"text"}',
  '{"error":null}',
])('the answer %j is told to be no JSON-RPC', async (body) => {
  await using gateway = await startHttpGateway(() => ({ status: 404, body }));
  const failure = await failureOf(gateway.url);
  expect(failure).toBeInstanceOf(UnreachableError);
  expect(failure).toMatchObject({
    message: `${gateway.url} answered 404 and no JSON-RPC`,
    hint: expect.stringContaining('/mcp'),
  });
});

test('a refused connection asks whether Gantry is running, and keeps the cause', async () => {
  const gateway = await startHttpGateway(() => undefined);
  await gateway[Symbol.asyncDispose]();
  expect(await failureOf(gateway.url)).toMatchObject({
    message: `no answer from ${gateway.url}`,
    hint: 'is Gantry running? start it with `npm start`; `npx gantry doctor` finds out more',
    todo: 'is Gantry running? start it with `npm start`',
    cause: expect.any(Error),
  });
});

test('a connection that is cut is no answer', async () => {
  await using gateway = await startHttpGateway(() => undefined);
  expect(await failureOf(gateway.url)).toMatchObject({ message: `no answer from ${gateway.url}` });
});
