import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseHttpAnswer } from './http-answer.ts';

const sized = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Id:  7 \r\n\r\nbodyHTTP/1.1');
const chunked = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n');

test('an answer with a length ends there, whatever follows', () => {
  const answer = parseHttpAnswer(sized);
  expect(answer).toMatchObject({ status: 200, headers: { 'x-id': '7' }, body: 'body', bytes: sized.length - 8 });
});

test('chunks are put together, and their frames count as bytes', () => {
  expect(parseHttpAnswer(chunked)).toMatchObject({ status: 200, body: 'body', bytes: chunked.length });
});

test('an answer that is not whole is none yet, wherever it is cut', () => {
  const wholes = [sized.subarray(0, sized.length - 8), chunked];
  fc.assert(
    fc.property(fc.constantFrom(...wholes), fc.nat(), (whole, at) => {
      expect(parseHttpAnswer(whole.subarray(0, at % whole.length))).toBeUndefined();
    }),
  );
});

test('an answer whose end nobody can tell is an error', () => {
  expect(() => parseHttpAnswer(Buffer.from('HTTP/1.1 200 OK\r\n\r\nbody'))).toThrow('without content-length');
});
