import { SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { describe, expect, test } from 'vitest';

import { echoResult, MESSAGE } from '../targets/echo.ts';
import { toGrpcFrame } from './grpc-plan.ts';
import { assertStreamAnswered } from './session-answer.ts';
import { idsOf } from './session-plan.ts';

const plan = { callsPerStream: 3 };
const [first = 0, second = 0, third = 0] = idsOf(plan);
const answer = (id: number, message = MESSAGE) => JSON.stringify({ jsonrpc: '2.0', id, result: echoResult(message) });

function bodyOf(...frames: readonly (readonly string[])[]): Buffer {
  const encoded = frames.map((texts) =>
    toGrpcFrame(SessionResponse.encode({ messages: texts.map((text) => Buffer.from(text)) }).finish()),
  );
  return Buffer.concat(encoded);
}

describe('assertStreamAnswered', () => {
  test('right answers pass in any order and packing, and their size does not depend on it', () => {
    const one = assertStreamAnswered(bodyOf([], [answer(third)], [answer(first), answer(second)]), plan);
    const other = assertStreamAnswered(bodyOf([answer(first), answer(second), answer(third)]), plan);
    expect(one).toEqual({ answerBytes: other.answerBytes, frames: 3 });
    expect(other.frames).toBe(1);
  });

  test.each([
    ['a call without an answer', bodyOf([answer(first), answer(second)]), '1 of 3 calls'],
    ['a second answer', bodyOf([answer(first), answer(first), answer(second), answer(third)]), 'a second one'],
    ['an id that nobody sent', bodyOf([answer(first - 1)]), 'not asked for'],
    ['a wrong answer', bodyOf([answer(first), answer(second, 'other'), answer(third)]), 'a wrong answer'],
    ['an error', bodyOf([`{"jsonrpc":"2.0","id":${first},"error":{"code":-32603,"message":"no"}}`]), 'a wrong answer'],
    ['half a frame', bodyOf([answer(first)]).subarray(0, -1), 'within a frame'],
    ['half a prefix', bodyOf([answer(first)]).subarray(0, 3), 'within a frame'],
  ])('%s does not', (_, body, reason) => {
    expect(() => assertStreamAnswered(body, plan)).toThrow(reason);
  });
});
