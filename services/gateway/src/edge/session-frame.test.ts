import { SessionResponse } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { MESSAGE_BYTES_MAX } from '@gantry/rpc';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { encodeFrame, FRAME_MESSAGES_MAX, MESSAGE_IN_FRAME_BYTES_MAX, messagesOf } from './session-frame.ts';

const toMessage = (text: string) => ({ text, bytes: Buffer.byteLength(text) });

test('a frame is what the generated code would make of it', () => {
  // Lengths around those where the varint of the length grows.
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(127, 128, 16_383, 16_384).map((length) => 'x'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (texts) => {
      const frame = encodeFrame(texts.map(toMessage));
      const expected = SessionResponse.encode({ messages: texts.map((one) => Buffer.from(one)) }).finish();
      expect(frame.equals(expected)).toBe(true);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('the frame of docs/session.md is encoded as it says', () => {
  expect(encodeFrame([toMessage('{"jsonrpc":"2.0","id":1,"result":{}}')]).toString('hex')).toBe(
    '0a247b226a736f6e727063223a22322e30222c226964223a312c22726573756c74223a7b7d7d',
  );
});

test('the longest message that is sent fits into a frame, and by no more than its length takes', () => {
  const { length } = encodeFrame([toMessage('x'.repeat(MESSAGE_IN_FRAME_BYTES_MAX))]);
  expect(length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  expect(length).toBeGreaterThan(MESSAGE_BYTES_MAX - 6);
});

test('a frame of too many messages is refused', () => {
  const messages = (count: number) => ({ messages: Array.from({ length: count }, () => new Uint8Array(0)) });
  expect(messagesOf(messages(FRAME_MESSAGES_MAX))).toHaveLength(FRAME_MESSAGES_MAX);
  expect(() => messagesOf(messages(FRAME_MESSAGES_MAX + 1))).toThrow('at most 1024 messages');
});
