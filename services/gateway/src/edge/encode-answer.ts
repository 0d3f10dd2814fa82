import { constants } from 'node:buffer';

import { responseTooLarge } from '../errors.ts';
import { encodeReplies, encodeReply, type Reply } from '../json-rpc/encode-reply.ts';
import type { Answer } from '../pipeline/pipeline.ts';

/** What a UTF-16 code unit may take. */
const UTF8_BYTES_MAX = 3;

/** The longest answer: what a string may be, less the headers that node:http puts before it in the same string. */
export const ANSWER_CHARACTERS_MAX = constants.MAX_STRING_LENGTH - 64 * 1024;

/** An answer that says something. */
export type SomeAnswer = Exclude<Answer, { kind: 'none' }>;

/**
 * Returns an answer as JSON text, or RESPONSE_TOO_LARGE in place of every reply when it has more than `bytesMax` bytes, or
 * is longer than a string may be: encoding it throws, or sending it, where nobody could tell the client.
 */
export function encodeAnswer(answer: SomeAnswer, bytesMax = Infinity): string {
  try {
    const text = encode(answer);
    if (text.length <= ANSWER_CHARACTERS_MAX && hasAtMost(text, bytesMax)) return text;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return encode(refuse(answer, Math.min(bytesMax, ANSWER_CHARACTERS_MAX)));
}

function hasAtMost(text: string, bytesMax: number): boolean {
  return text.length * UTF8_BYTES_MAX <= bytesMax || Buffer.byteLength(text) <= bytesMax;
}

function encode(answer: SomeAnswer): string {
  if (answer.kind === 'many') return encodeReplies(answer.replies, answer.dialect);
  return encodeReply(answer.reply, answer.dialect);
}

function refuse(answer: SomeAnswer, bytesMax: number): SomeAnswer {
  const error = responseTooLarge(bytesMax);
  const toError = ({ idText }: Reply): Reply => ({ idText, error, permissions: [] });
  if (answer.kind === 'one') return { ...answer, reply: toError(answer.reply) };
  return { ...answer, replies: answer.replies.map(toError) };
}
