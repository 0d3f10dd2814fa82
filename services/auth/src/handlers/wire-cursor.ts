const LOW_BITS = 0x7f;
const MORE_BIT = 0x80;
const VARINT_BYTES_MAX = 10;
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Goes through an encoded protobuf message. What it cannot read, or what is not there, it reads as 0 and stands at the end from
 * then on: look at `isLost` once, when everything is read.
 */
export class WireCursor {
  readonly #bytes: Uint8Array;
  at = 0;
  isLost = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads a number below 2^53, such as a tag or a length. */
  number(): number {
    const first = this.#bytes[this.at] ?? MORE_BIT;
    if (first < MORE_BIT) {
      this.at += 1;
      return first;
    }
    const value = this.uint64();
    return typeof value === 'number' ? value : this.lose();
  }

  /** Reads a number of 64 bits; a bigint only when it is not a safe integer. */
  uint64(): number | bigint {
    const start = this.at;
    let value = 0;
    let unit = 1;
    for (let at = start; at < start + VARINT_BYTES_MAX; at += 1) {
      const byte = this.#bytes[at];
      if (byte === undefined) return this.lose();
      value += (byte & LOW_BITS) * unit;
      unit *= MORE_BIT;
      if (byte < MORE_BIT) {
        this.at = at + 1;
        return Number.isSafeInteger(value) ? value : this.#exactly(start);
      }
    }
    return this.lose();
  }

  /** Reads a length and returns where what has it ends. */
  end(): number {
    const end = this.number() + this.at;
    return end <= this.#bytes.length ? end : this.lose();
  }

  /** Goes past the value of a field that is not known. */
  skip(tag: number): void {
    const wireType = tag % 8;
    if (wireType === VARINT) this.uint64();
    else if (wireType === LENGTH_DELIMITED) this.at = this.end();
    else this.lose();
  }

  /** Gives up, and returns 0 for what was to be read. */
  lose(): 0 {
    this.isLost = true;
    this.at = this.#bytes.length;
    return 0;
  }

  #exactly(start: number): bigint {
    let value = 0n;
    for (let at = this.at - 1; at >= start; at -= 1) value = value * 128n + BigInt((this.#bytes[at] ?? 0) & LOW_BITS);
    return value;
  }
}
