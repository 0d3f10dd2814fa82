import { BinaryWriter } from '@bufbuild/protobuf/wire';

/**
 * A writer of messages whose memory is used again, and whose result comes from Node's pool of Buffers: an array of its own, as
 * the library's `finish` makes one for each message, costs more than writing most of them (1.3 µs beside 0.2).
 */
export class MessageWriter extends BinaryWriter {
  /** How many bytes the writer holds for messages to come. */
  get heldBytes(): number {
    return this.#memory.length;
  }

  /** Returns what was written, and begins anew. */
  override finish(): Buffer<ArrayBuffer> {
    const length = this['pos'];
    const result = Buffer.allocUnsafe(length);
    result.set(this.#memory.subarray(0, length));
    this['pos'] = 0;
    this['stackPos'] = [];
    return result;
  }

  /** The library keeps it to itself; its version is pinned, and a test holds what comes out against its own `finish`. */
  get #memory(): Uint8Array {
    return this['buffer'];
  }
}
