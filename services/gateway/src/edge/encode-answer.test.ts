import { constants } from 'node:buffer';

import { describe, expect, test } from 'vitest';

import { startHttpEdge } from '../../test/http-edge-world.ts';
import type { Answer } from '../pipeline/pipeline.ts';
import { ANSWER_CHARACTERS_MAX, encodeAnswer, type SomeAnswer } from './encode-answer.ts';

/** A string may be this long, and an answer with it may not. */
const LONGEST_TEXT = 'x'.repeat(constants.MAX_STRING_LENGTH);

const one = (resultText: string): SomeAnswer => ({
  kind: 'one',
  reply: { idText: '7', resultText },
  dialect: 'native',
});
const many = (...resultTexts: readonly string[]): SomeAnswer => ({
  kind: 'many',
  replies: resultTexts.map((resultText, index) => ({ idText: String(index), resultText })),
  dialect: 'native',
});
const tooLarge = { code: -32602, data: { reason: 'RESPONSE_TOO_LARGE' } };

describe('an answer', () => {
  test('is what it is up to as many bytes as it may have, and an error beyond', () => {
    const answer = one('"é"');
    const text = '{"jsonrpc":"2.0","id":7,"result":"é"}';
    const bytes = Buffer.byteLength(text);
    expect(encodeAnswer(answer, bytes)).toBe(text);
    expect(JSON.parse(encodeAnswer(answer, bytes - 1))).toMatchObject({ id: 7, error: tooLarge });
  });

  test('of a batch that is too long is an error for each request', () => {
    expect(JSON.parse(encodeAnswer(many('{}', '{}'), 10))).toMatchObject([
      { id: 0, error: tooLarge },
      { id: 1, error: tooLarge },
    ]);
  });

  test('that is longer than a string may be is an error', () => {
    expect(JSON.parse(encodeAnswer(one(LONGEST_TEXT)))).toMatchObject({ id: 7, error: tooLarge });
  });

  test('that cannot be encoded for another reason is a bug that is not hidden', () => {
    const broken: SomeAnswer = {
      kind: 'one',
      get reply(): never {
        throw new TypeError('a bug');
      },
      dialect: 'native',
    };
    expect(() => encodeAnswer(broken)).toThrow(TypeError);
  });
});

/** Asks an HTTP edge before a pipeline that has one answer to everything. */
async function ask(answer: Answer) {
  using world = await startHttpEdge(answer);
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(`http://127.0.0.1:${world.port}/mcp`, {
    method: 'POST',
    headers,
    body: '{"jsonrpc":"2.0","id":7,"method":"ping"}',
  });
  const body: unknown = await response.json();
  return { status: response.status, body };
}

describe('over HTTP', () => {
  test('a single answer that is longer than a string may be is an error, and the connection is not cut', async () => {
    expect(await ask(one(LONGEST_TEXT))).toMatchObject({ status: 200, body: { id: 7, error: tooLarge } });
  });

  test('so is one that is longer only with its headers', async () => {
    const resultText = 'x'.repeat(ANSWER_CHARACTERS_MAX);
    expect(await ask(one(resultText))).toMatchObject({ status: 200, body: { id: 7, error: tooLarge } });
  });

  test('so is that of a batch', async () => {
    const half = 'x'.repeat(constants.MAX_STRING_LENGTH / 2);
    const body = [0, 1].map((id) => ({ id, error: tooLarge }));
    expect(await ask(many(half, half))).toMatchObject({ status: 200, body });
  });
});
