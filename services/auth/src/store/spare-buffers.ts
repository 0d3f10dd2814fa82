/** Buffers that are kept for later: as many as there are appends at a time. */
const BUFFERS_MAX = 4;
/** Usual batches of a thousand events need 320 KB; what few large ones need is given back to the process. */
const BUFFER_BYTES = 512 * 1_024;

/**
 * Lends buffers that are used again. The memory of large buffers is outside of the heap, and collecting it cost more than
 * everything else that appending does.
 */
export class SpareBuffers {
  readonly #spare: Buffer[] = [];

  /** Returns a buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes > BUFFER_BYTES) return Buffer.allocUnsafe(bytes);
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** Takes back a buffer that nobody reads from any more: not one of a statement that failed, which may still be sent. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === BUFFER_BYTES && this.#spare.length < BUFFERS_MAX) this.#spare.push(buffer);
  }
}
