import { status } from '@grpc/grpc-js';

import { MESSAGE_BYTES_MAX } from '../message-bytes.ts';

/** A message goes after one byte that tells of compression and four of its length. */
const PREFIX_BYTES = 5;
const LENGTH_AT = 1;
/** The length of a message whose prefix has not come. */
const UNKNOWN = -1;

/** A status that needs no words of ours. */
export interface PlainStatus {
  readonly code: number;
  readonly details: string;
}

/**
 * The one message of a unary request, as it comes: in one buffer, which is never larger than twice what came. A client that sends
 * byte by byte must not be able to make an object of each.
 */
export class MessageFrame {
  #buffer: Buffer = NOTHING;
  #bytes = 0;
  #length = UNKNOWN;

  /** Takes what came; returns what is wrong with it, if anything. */
  take(chunk: Buffer): PlainStatus | undefined {
    if (this.#length !== UNKNOWN && this.#bytes + chunk.length > PREFIX_BYTES + this.#length) return SECOND_MESSAGE;
    this.#append(chunk);
    if (this.#length !== UNKNOWN || this.#bytes < PREFIX_BYTES) return undefined;
    this.#length = this.#buffer.readUInt32BE(LENGTH_AT);
    if (this.#length > MESSAGE_BYTES_MAX) return tooLarge('Received', this.#length);
    return this.#bytes > PREFIX_BYTES + this.#length ? SECOND_MESSAGE : undefined;
  }

  /** The message; undefined while it is not whole. */
  get message(): Buffer | undefined {
    const isWhole = this.#length !== UNKNOWN && this.#bytes === PREFIX_BYTES + this.#length;
    return isWhole ? this.#buffer.subarray(PREFIX_BYTES, this.#bytes) : undefined;
  }

  #append(chunk: Buffer): void {
    const bytes = this.#bytes + chunk.length;
    // Most requests are one chunk, which need not be copied.
    if (this.#bytes === 0) this.#buffer = chunk;
    else {
      if (bytes > this.#buffer.length) this.#grow(Math.max(bytes, 2 * this.#bytes));
      this.#buffer.set(chunk, this.#bytes);
    }
    this.#bytes = bytes;
  }

  #grow(capacity: number): void {
    const grown = Buffer.allocUnsafe(capacity);
    grown.set(this.#buffer.subarray(0, this.#bytes));
    this.#buffer = grown;
  }
}

/** Returns a message as it goes. */
export function toFrame(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, LENGTH_AT);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** A message is longer than it may be. */
export function tooLarge(verb: 'Received' | 'Sent', bytes: number): PlainStatus {
  const details = `${verb} message larger than max (${bytes} vs ${MESSAGE_BYTES_MAX})`;
  return { code: status.RESOURCE_EXHAUSTED, details };
}

/** The stream ended without one. */
export const NO_MESSAGE: PlainStatus = {
  code: status.UNIMPLEMENTED,
  details: 'Received no request message for a unary method',
};

const SECOND_MESSAGE: PlainStatus = {
  code: status.UNIMPLEMENTED,
  details: 'Received a second request message for a unary method',
};

const NOTHING = Buffer.alloc(0);
