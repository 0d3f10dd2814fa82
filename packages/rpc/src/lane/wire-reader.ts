const VARINT_MORE = 0x80;
const VARINT_MASK = 0x7f;
const VARINT_BITS = 7;
/** A 64-bit varint; what is above the low 32 bits of ours is dropped, as every protobuf reader does for a uint32. */
const VARINT_BYTES_MAX = 10;
const UINT32_BYTES = 5;

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;
const FIXED64_BYTES = 8;
const FIXED32_BYTES = 4;

/** Bytes that are not protobuf, or not the message they should be. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** Reads protobuf's wire format field by field, without an object a message. Everything it throws is a WireError. */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;
  #end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length;
  }

  /** How many bytes the frame has. */
  get frameBytes(): number {
    return this.#bytes.length;
  }

  /** Whether there is another field before the end of the message that is being read. */
  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** Reads a varint as a uint32. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
      const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
      if (byte === undefined) throw new WireError('a number is cut off');
      this.#at += 1;
      if (index < UINT32_BYTES) value |= (byte & VARINT_MASK) << (index * VARINT_BITS);
      if ((byte & VARINT_MORE) === 0) return value >>> 0;
    }
    throw new WireError('a number is too long');
  }

  /** Reads a length-delimited value. It shares memory with the frame. */
  bytes(): Buffer {
    const length = this.#length();
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    const length = this.#length();
    const start = this.#at;
    this.#at += length;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** Enters a message field; `hasMore` is about it until `leave` is given what this returned. */
  enter(): number {
    const length = this.#length();
    const outerEnd = this.#end;
    this.#end = this.#at + length;
    return outerEnd;
  }

  leave(outerEnd: number): void {
    this.#at = this.#end;
    this.#end = outerEnd;
  }

  /** Skips the value of a field nobody knows, by the low three bits of its tag. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === WIRE_VARINT) this.varint();
    else if (wireType === WIRE_BYTES) this.#advance(this.varint());
    else if (wireType === WIRE_FIXED64) this.#advance(FIXED64_BYTES);
    else if (wireType === WIRE_FIXED32) this.#advance(FIXED32_BYTES);
    else throw new WireError('a field has a type that is not used any more');
  }

  #length(): number {
    const length = this.varint();
    if (this.#at + length > this.#end) throw new WireError('a field is cut off');
    return length;
  }

  #advance(bytes: number): void {
    if (this.#at + bytes > this.#end) throw new WireError('a field is cut off');
    this.#at += bytes;
  }
}
