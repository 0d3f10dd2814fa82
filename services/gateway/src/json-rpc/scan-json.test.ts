import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { scanJson } from './scan-json.ts';

const limits = { depthMax: 64, messagesMax: 100, valuesMax: 1_000 };

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('scanJson', () => {
  test('finds the depth that JSON.parse finds', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        expect(scanJson(text, limits).depth).toBe(depthOf(JSON.parse(text)));
      }),
    );
  });

  test('finds the id and the params of each message as they are written', () => {
    const anyMessage = fc.record({ a: fc.jsonValue(), id: fc.jsonValue(), params: fc.jsonValue(), z: fc.jsonValue() });
    fc.assert(
      fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 5 }), fc.constantFrom(0, 2), (messages, indent) => {
        const { messages: found, messageCount } = scanJson(JSON.stringify(messages, null, indent), limits);
        expect(messageCount).toBe(messages.length);
        messages.forEach(({ id, params }, index) => {
          expect(JSON.parse(found[index]?.idText ?? '')).toEqual(JSON.parse(JSON.stringify(id)));
          expect(JSON.parse(found[index]?.paramsText ?? '')).toEqual(JSON.parse(JSON.stringify(params)));
        });
      }),
    );
  });

  test('keeps what a parser would change', () => {
    const { messages } = scanJson('{ "id" : 9007199254740993 , "params":{ "a" : 1.0 } }', limits);
    expect(messages).toEqual([{ idText: '9007199254740993', paramsText: '{ "a" : 1.0 }' }]);
  });

  test('does not take text in strings or nested objects for members', () => {
    const { messages, depth } = scanJson('{"x":"\\"id\\":1,[[[","params":{"id":2,"params":3}}', limits);
    expect(messages).toEqual([{ paramsText: '{"id":2,"params":3}' }]);
    expect(depth).toBe(2);
  });

  test('keeps the places of elements that are not objects', () => {
    const { messages } = scanJson('[1,{"id":2},[3],"x,y",{"id":5}]', limits);
    expect(messages).toEqual([{}, { idText: '2' }, {}, {}, { idText: '5' }]);
  });

  test('finds what a message says twice, however it is written', () => {
    const duplicatesIn = (text: string) => scanJson(text, limits).messages.map(({ duplicate }) => duplicate);
    expect(duplicatesIn('{"params":{"a":1},"\\u0070arams":{"a":2}}')).toEqual(['params']);
    expect(duplicatesIn('{"i\\u0064":1,"x":2,"id":3}')).toEqual(['id']);
    expect(duplicatesIn('[{"id":1},{"id":2,"__proto__":1},{"__proto__":1,"__proto__":2}]')).toEqual([
      undefined,
      undefined,
      '__proto__',
    ]);
    expect(duplicatesIn('{"params":{"id":1,"id":2},"id":3}')).toEqual([undefined]);
  });

  test('reads a name that is written with escapes', () => {
    expect(scanJson('{"\\u0069d":7}', limits).messages).toEqual([{ idText: '7' }]);
  });

  test('counts the values that objects and arrays hold', () => {
    expect(scanJson('{"a":[1,2,{}],"b":3}', limits).valueCount).toBe(6);
  });

  test('stops where a limit is passed', () => {
    expect(scanJson(`{"a":[${'1,'.repeat(10_000)}1]}`, limits).valueCount).toBe(1_001);
    expect(scanJson(`{"a":[${'{},'.repeat(10_000)}1]}`, limits).valueCount).toBe(1_001);
    expect(scanJson('['.repeat(10_000), limits).depth).toBe(65);
    expect(scanJson(`[${'1,'.repeat(10_000)}1]`, limits).messageCount).toBe(101);
  });

  test('survives whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', ':', ',', '\\', 'a', 'id', 'params') }),
        (text) => {
          expect(scanJson(text, limits).messageCount).toBeGreaterThan(0);
        },
      ),
    );
  });
});
