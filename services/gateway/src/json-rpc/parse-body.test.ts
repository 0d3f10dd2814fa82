import { describe, expect, test } from 'vitest';

import { JSON_VALUES_MAX, parseBody, parseParams } from './parse-body.ts';

const errorOf = (text: string) => {
  const [message] = parseBody(text).messages;
  return message?.kind === 'invalid' ? { idText: message.idText, reason: message.error.reason } : undefined;
};

describe('a request that says something twice', () => {
  test.each([
    ['params', '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1},"\\u0070arams":{"a":2}}', '1'],
    ['method', '{"jsonrpc":"2.0","id":1,"method":"m","\\u006dethod":"n"}', '1'],
    ['id', '{"jsonrpc":"2.0","id":1,"method":"m","i\\u0064":2}', 'null'],
  ])('%s is no request: what is recorded must be what is done', (_name, text, idText) => {
    expect(errorOf(text)).toEqual({ idText, reason: 'REQUEST_INVALID' });
  });
});

describe('JSON of many values', () => {
  const arrayOf = (count: number) => `[${Array.from({ length: count }, () => 0).join(',')}]`;
  const requestOf = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"ping","params":${params}}`;

  test('is taken up to a hundred thousand', () => {
    expect(errorOf(requestOf(arrayOf(JSON_VALUES_MAX - 10)))).toBeUndefined();
  });

  test('is refused beyond, before it is parsed', () => {
    const tooMany = arrayOf(JSON_VALUES_MAX + 1);
    expect(() => parseBody(requestOf(tooMany))).toThrow('more than 100000 members and elements');
    expect(() => parseParams(tooMany)).toThrow('more than 100000 members and elements');
  });
});
