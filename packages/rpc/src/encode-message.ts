import { MessageWriter } from './message-writer.ts';
import type { MessageType } from './method.ts';

/** A writer keeps the memory of the longest message it wrote; after a longer one than this another takes its place. */
const KEPT_BYTES_MAX = 64 * 1024;

/**
 * Memory that is used again, as Node's pool for Buffers is: a writer of its own for each message, which begins small and grows
 * by doubling, costs more than most messages do. Writing is never interrupted, so one is enough.
 */
let writer = new MessageWriter();

/** Encodes a message of a method. The bytes are the caller's. */
export function encodeMessage(type: MessageType, message: unknown): Buffer {
  const bytes = write(type, message);
  if (writer.heldBytes > KEPT_BYTES_MAX) writer = new MessageWriter();
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function write(type: MessageType, message: unknown): Uint8Array {
  try {
    // The typed handlers and clients guarantee that the message is of this type; here its type parameter is gone.
    return type.encode(message as never, writer).finish();
  } catch (error) {
    // What was written until then must not begin the next message.
    writer = new MessageWriter();
    throw error;
  }
}
