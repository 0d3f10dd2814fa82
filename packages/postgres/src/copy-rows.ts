import assert from 'node:assert/strict';

/** Postgres counts timestamps from the year 2000. */
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
const MICROS_PER_MS = 1_000;
const TWO_TO_32 = 2 ** 32;

/** "PGCOPY", marks that show when a line end was changed on the way, no flags and no extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const END_OF_ROWS = -1;
const UUID_BYTES = 16;

/** The rows are one message of Postgres' protocol: its kind, `d` for CopyData, and its length stand before them. */
const COPY_DATA = 0x64;
const MESSAGE_HEAD_BYTES = 5;

/** What begin and end of the rows take. */
export const COPY_FRAME_BYTES = MESSAGE_HEAD_BYTES + HEADER.length + 2;
/** What a row takes besides its columns. */
export const COPY_ROW_BYTES = 2;
/** What a column takes besides its value. */
export const COPY_COLUMN_BYTES = 4;

/** Below this a loop is faster than a call that copies. */
const LOOP_BYTES_MAX = 64;

/** The value of each hex digit, by its character code; none of the others is asked for. */
const valueByHexDigit = hexDigitValues();

/**
 * Writes rows in the binary format of COPY, column by column, into a buffer that has to be large enough for them. Values are not
 * checked: Postgres refuses what does not fit.
 *
 * @example
 * const rows = new CopyRows(Buffer.allocUnsafe(COPY_FRAME_BYTES + COPY_ROW_BYTES + COPY_COLUMN_BYTES + 2));
 * rows.row(1);
 * rows.bytes(Buffer.from('hi'), 0, 2);
 * await copyIn(client, 'COPY tool.notes (text) FROM STDIN (FORMAT binary)', rows.finish());
 */
export class CopyRows {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.#buffer[0] = COPY_DATA;
    this.#at = MESSAGE_HEAD_BYTES + HEADER.copy(this.#buffer, MESSAGE_HEAD_BYTES);
  }

  /** Begins a row of so many columns. */
  row(columns: number): void {
    this.#at = this.#buffer.writeInt16BE(columns, this.#at);
  }

  /** Writes a part of some bytes: a `bytea`, or a `text` in UTF-8. */
  bytes(source: Uint8Array, begin: number, end: number): void {
    const length = end - begin;
    this.#length(length);
    const buffer = this.#buffer;
    const at = this.#at;
    this.#at = at + length;
    if (length > LOOP_BYTES_MAX) buffer.set(source.subarray(begin, end), at);
    else for (let index = 0; index < length; index += 1) buffer[at + index] = source[begin + index] ?? 0;
  }

  /** Writes the `uuid` whose 36 characters of text begin there. */
  uuid(source: Uint8Array, begin: number): void {
    this.#length(UUID_BYTES);
    const buffer = this.#buffer;
    const at = this.#at;
    this.#at = at + UUID_BYTES;
    let from = begin;
    for (let index = 0; index < UUID_BYTES; index += 1) {
      // A dash stands before bytes 4, 6, 8 and 10.
      if (index >= 4 && index <= 10 && index % 2 === 0) from += 1;
      const high = valueByHexDigit[source[from] ?? 0] ?? 0;
      const low = valueByHexDigit[source[from + 1] ?? 0] ?? 0;
      buffer[at + index] = high * 16 + low;
      from += 2;
    }
  }

  /** Writes a `timestamptz`. */
  timestamp(epochMs: number): void {
    const micros = (epochMs - POSTGRES_EPOCH_MS) * MICROS_PER_MS;
    this.int64(Number.isSafeInteger(micros) ? micros : BigInt(epochMs - POSTGRES_EPOCH_MS) * BigInt(MICROS_PER_MS));
  }

  /** Writes a `bigint`; a number has to be a safe integer. */
  int64(value: number | bigint): void {
    this.#length(8);
    if (typeof value === 'bigint') {
      this.#at = this.#buffer.writeBigInt64BE(value, this.#at);
      return;
    }
    this.#at = this.#buffer.writeInt32BE(Math.floor(value / TWO_TO_32), this.#at);
    this.#at = this.#buffer.writeUInt32BE(value >>> 0, this.#at);
  }

  /** Ends the rows and returns them as a message; nothing can be written after that. */
  finish(): Buffer {
    this.row(END_OF_ROWS);
    // What is written byte by byte beyond a buffer is lost without a word.
    assert(this.#at <= this.#buffer.length, 'the rows are longer than their buffer');
    // The length counts itself and not the kind.
    this.#buffer.writeInt32BE(this.#at - 1, 1);
    return this.#buffer.subarray(0, this.#at);
  }

  #length(bytes: number): void {
    const buffer = this.#buffer;
    const at = this.#at;
    buffer[at] = bytes >>> 24;
    buffer[at + 1] = bytes >>> 16;
    buffer[at + 2] = bytes >>> 8;
    buffer[at + 3] = bytes;
    this.#at = at + 4;
  }
}

function hexDigitValues(): Uint8Array {
  const values = new Uint8Array(256);
  for (let value = 0; value < 16; value += 1) {
    const digit = value.toString(16);
    values[digit.charCodeAt(0)] = value;
    values[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return values;
}
