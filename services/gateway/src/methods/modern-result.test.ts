import { expect, test } from 'vitest';

import { cachedResultHead, metaMember, PLAIN_RESULT_HEAD, withHead } from './modern-result.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const server = '"io.modelcontextprotocol/serverInfo":{"name":"gantry","version":"0.1.0"}';

test('a result gets its head before its own members', () => {
  expect(withHead(PLAIN_RESULT_HEAD, '{"n":9007199254740993}')).toBe('{"resultType":"complete","n":9007199254740993}');
  expect(withHead(PLAIN_RESULT_HEAD, '{}')).toBe('{"resultType":"complete"}');
  expect(withHead(cachedResultHead({ ttlMs: 5, cacheScope: 'private' }), '{"tools":[]}')).toBe(
    `{"resultType":"complete","ttlMs":5,"cacheScope":"private","_meta":{${server}},"tools":[]}`,
  );
});

test.each([
  ['', `{${server}}`],
  ['{}', `{${server}}`],
  [' {"a":9007199254740993} ', `{${server},"a":9007199254740993}`],
])('the _meta %j of a tool is kept, with who the server is', (own, expected) => {
  expect(metaMember('modern', bytes(own))).toBe(`,"_meta":${expected}`);
});

test('a tool cannot say that the server is another', () => {
  const own = '{"a":1,"io.modelcontextprotocol/serverInfo":{"name":"evil","version":"6"}}';
  expect(metaMember('modern', bytes(own))).toBe(`,"_meta":{"a":1,${server}}`);
});

test('other dialects see what the tool gave, or nothing', () => {
  expect(metaMember('legacy', bytes(''))).toBe('');
  expect(metaMember('native', bytes('{"a":1}'))).toBe(',"_meta":{"a":1}');
});
