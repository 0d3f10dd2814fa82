import { expect, test } from 'vitest';

import { assertEchoed, echoResult, MESSAGE } from './echo.ts';

const answer = (result: object) => JSON.stringify({ jsonrpc: '2.0', id: 7, result });

test('the right answer passes, with or without what MCP adds', () => {
  assertEchoed(answer(echoResult(MESSAGE)), 7);
  assertEchoed(answer({ ...echoResult(MESSAGE), resultType: 'complete', _meta: {} }), 7);
});

test.each([
  ['another message', answer(echoResult('other'))],
  ['a tool that failed', answer({ ...echoResult(MESSAGE), isError: true })],
  ['an error', '{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"no"}}'],
  ['no JSON', '<html>'],
])('%s does not', (_, text) => {
  expect(() => assertEchoed(text, 7)).toThrow();
});

test('an answer to another request does not', () => {
  expect(() => assertEchoed(answer(echoResult(MESSAGE)), 8)).toThrow('a wrong answer');
});
