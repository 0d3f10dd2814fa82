import { randomFillSync } from 'node:crypto';

/** Random bytes are drawn for 400 ids at a time: a call of its own costs more than an id. */
const POOL_BYTES = 4_000;
const RANDOM_BYTES = 10;

const TWO_TO_16 = 2 ** 16;
const DASH = 0x2d;
const hexDigits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** The characters of a UUID. */
export const EVENT_ID_CHARACTERS = 36;

/** Makes ids of audit events: UUIDs of version 7 (RFC 9562), which begin with the time. */
export class AuditEventIds {
  readonly #random = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  /** Writes a new id as its 36 characters. */
  write(target: Uint8Array, at: number, epochMs: number): void {
    if (this.#used + RANDOM_BYTES > POOL_BYTES) this.#refill();
    const random = this.#random;
    const from = this.#used;
    this.#used += RANDOM_BYTES;
    const early = Math.floor(epochMs / TWO_TO_16);
    writeHex(target, at, early >>> 24);
    writeHex(target, at + 2, early >>> 16);
    writeHex(target, at + 4, early >>> 8);
    writeHex(target, at + 6, early);
    writeHex(target, at + 9, epochMs >>> 8);
    writeHex(target, at + 11, epochMs);
    writeHex(target, at + 14, 0x70 | (octet(random, from) & 0x0f));
    writeHex(target, at + 16, octet(random, from + 1));
    writeHex(target, at + 19, 0x80 | (octet(random, from + 2) & 0x3f));
    writeHex(target, at + 21, octet(random, from + 3));
    for (let index = 0; index < 6; index += 1) writeHex(target, at + 24 + index * 2, octet(random, from + 4 + index));
    target[at + 8] = DASH;
    target[at + 13] = DASH;
    target[at + 18] = DASH;
    target[at + 23] = DASH;
  }

  #refill(): void {
    randomFillSync(this.#random);
    this.#used = 0;
  }
}

function octet(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** Writes the lowest byte of a number as two digits. */
function writeHex(target: Uint8Array, at: number, value: number): void {
  target[at] = hexDigits[(value >>> 4) & 0x0f] ?? 0;
  target[at + 1] = hexDigits[value & 0x0f] ?? 0;
}
