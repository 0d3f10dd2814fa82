/** Where new frames are written, and how much is taken at a time: a frame of some hundred small calls. */
const SLAB_BYTES = 64 * 1024;

const VARINT_MORE = 0x80;
const VARINT_MASK = 0x7f;
const VARINT_BITS = 7;

/** Returns how many bytes a number from 0 to 2^32 - 1 takes as a varint. */
function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Returns how many bytes a length-delimited field takes whose tag is one byte; 0 when it is empty and left out. */
export function fieldBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

/** Returns how many bytes a number takes with its tag of one byte; 0 when it is 0 and left out. */
export function numberFieldBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

/**
 * Writes protobuf's wire format straight into memory: no object per message, no array per field. A frame that was taken is
 * never written to again, so it may be sent without a copy.
 */
export class WireWriter {
  #slab = Buffer.allocUnsafe(SLAB_BYTES);
  #start = 0;
  #end = 0;

  /** How many bytes were written since the last take. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Returns what was written, and begins anew. */
  take(): Buffer {
    const taken = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return taken;
  }

  /** Makes room for a part of so many bytes; what follows must not write more. */
  reserve(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return;
    const slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, this.length + bytes));
    this.#slab.copy(slab, 0, this.#start, this.#end);
    this.#end = this.length;
    this.#start = 0;
    this.#slab = slab;
  }

  varint(value: number): void {
    let rest = value;
    while (rest > VARINT_MASK) {
      this.#slab[this.#end++] = (rest & VARINT_MASK) | VARINT_MORE;
      rest >>>= VARINT_BITS;
    }
    this.#slab[this.#end++] = rest;
  }

  /** Writes a number field, unless it is 0. */
  number(tag: number, value: number): void {
    if (value === 0) return;
    this.#slab[this.#end++] = tag;
    this.varint(value);
  }

  /** Writes a bytes field, unless it is empty. */
  bytes(tag: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.#slab[this.#end++] = tag;
    this.varint(value.length);
    this.#slab.set(value, this.#end);
    this.#end += value.length;
  }

  /** Writes a string field whose UTF-8 has so many bytes, unless it is empty. */
  text(tag: number, value: string, utf8Bytes: number): void {
    if (utf8Bytes === 0) return;
    this.#slab[this.#end++] = tag;
    this.varint(utf8Bytes);
    this.#end += this.#slab.write(value, this.#end, 'utf8');
  }

  /**
   * Writes a string field of ASCII, unless it is empty: one byte a character, whatever it holds, so that what is no ASCII
   * arrives garbled but never overruns.
   */
  ascii(tag: number, value: string): void {
    if (value.length === 0) return;
    this.#slab[this.#end++] = tag;
    this.varint(value.length);
    this.#end += this.#slab.write(value, this.#end, 'latin1');
  }

  /** Begins a message field of so many bytes. */
  open(tag: number, bytes: number): void {
    this.#slab[this.#end++] = tag;
    this.varint(bytes);
  }
}
