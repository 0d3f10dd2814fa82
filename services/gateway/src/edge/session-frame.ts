import type { SessionRequest } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { McpServiceDefinition } from '@gantry/protocol/gantry/gateway/v1/mcp_service';
import { MESSAGE_BYTES_MAX } from '@gantry/rpc';

import { sessionFrameInvalid } from '../errors.ts';

/** The most messages of a frame: as many as a session has in flight. */
export const FRAME_MESSAGES_MAX = 1_024;

/** A frame that has this much is sent, so that a long one does not hold up what comes after it. */
export const FRAME_BYTES_TARGET = 256 * 1024;

/** The longest message that fits into a frame: tag and length take six bytes at most. */
export const MESSAGE_IN_FRAME_BYTES_MAX = MESSAGE_BYTES_MAX - 6;

/** `messages`, the field 1, whose values have a length. */
const TAG = 0x0a;
const VARINT_CONTINUES = 0x80;
const VARINT_BITS = 7;

/** The Session method, for a server that encodes its frames itself: what it answers with are the bytes of a SessionResponse. */
export const encodedSessionDefinition = {
  ...McpServiceDefinition,
  methods: {
    ...McpServiceDefinition.methods,
    session: {
      ...McpServiceDefinition.methods.session,
      responseType: {
        encode: (frame: Uint8Array) => ({ finish: () => frame }),
        decode: (frame: Uint8Array) => frame,
      },
    },
  },
} as const;

/** One message, and how many bytes it has as UTF-8. */
export interface EncodableMessage {
  readonly text: string;
  readonly bytes: number;
}

/**
 * Encodes a SessionResponse, each text once and into its place: messages that were made bytes one by one and then put together
 * would be copied twice.
 */
export function encodeFrame(messages: readonly EncodableMessage[]): Buffer {
  const frame = Buffer.allocUnsafe(frameBytesOf(messages));
  let at = 0;
  for (const { text, bytes } of messages) {
    frame[at] = TAG;
    at = writeVarint(frame, bytes, at + 1);
    // As many bytes as characters: all of them are ASCII.
    at += bytes === text.length ? frame.write(text, at, 'latin1') : frame.write(text, at, 'utf8');
  }
  return frame;
}

/**
 * Returns the messages of a frame.
 *
 * @throws {AppError} SESSION_FRAME_INVALID when they are too many.
 */
export function messagesOf({ messages }: SessionRequest): readonly Uint8Array[] {
  if (messages.length > FRAME_MESSAGES_MAX) throw sessionFrameInvalid(FRAME_MESSAGES_MAX);
  return messages;
}

function frameBytesOf(messages: readonly EncodableMessage[]): number {
  let total = 0;
  for (const { bytes } of messages) total += 1 + varintBytesOf(bytes) + bytes;
  return total;
}

function varintBytesOf(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= VARINT_CONTINUES; rest >>>= VARINT_BITS) bytes += 1;
  return bytes;
}

function writeVarint(target: Buffer, value: number, start: number): number {
  let at = start;
  let rest = value;
  for (; rest >= VARINT_CONTINUES; rest >>>= VARINT_BITS) {
    target[at] = (rest & (VARINT_CONTINUES - 1)) | VARINT_CONTINUES;
    at += 1;
  }
  target[at] = rest;
  return at + 1;
}
