import { expect, test } from 'vitest';

import { FIRST_ID, type HttpPlan, LAST_ID, toTemplates } from './http-plan.ts';
import { toWrkScript } from './wrk-script.ts';

const plan: HttpPlan = {
  host: '127.0.0.1',
  port: 80,
  path: '/mcp',
  headerSets: [{ 'mcp-session-id': 'a' }, { 'mcp-session-id': 'b' }],
  message: { method: 'tools/call', params: { name: 'échö' } },
  assertAnswer: () => undefined,
};

test.each([FIRST_ID, LAST_ID])('the content-length holds for the id %i', (id) => {
  for (const { head, tail } of toTemplates(plan)) {
    const [headers = '', body = ''] = `${head}${id}${tail}`.split('\r\n\r\n');
    expect(JSON.parse(body)).toEqual({ jsonrpc: '2.0', id, ...plan.message });
    expect(headers).toContain(`content-length: ${Buffer.byteLength(body)}`);
  }
});

test('each header set has its own template', () => {
  expect(toTemplates(plan).map(({ head }) => /mcp-session-id: (.)/.exec(head)?.[1])).toEqual(['a', 'b']);
});

test('no byte of a request ends a text of the Lua program', () => {
  const script = toWrkScript([{ head: '"]]\\\r\né', tail: '' }]);
  expect(script).toContain(String.raw`{"\034]]\092\013\010\195\169"}`);
});
