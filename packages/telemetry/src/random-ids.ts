import { randomFillSync } from 'node:crypto';

/** Makes identifiers for traces and spans. */
export interface RandomIds {
  /** Returns 32 lower-case hexadecimal digits. */
  traceId(): string;
  /** Returns 16 lower-case hexadecimal digits. */
  spanId(): string;
}

const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
/** Random bytes are drawn 4 KiB at a time: one system call per 512 span ids instead of one per id. */
const POOL_BYTES = 4096;
/**
 * Bytes are written as digits 128 at a time and identifiers cut from that text: 40 ns an id, a quarter of writing each
 * alone. More would be no faster, and an id that is kept keeps the text that it was cut from.
 */
const TEXT_BYTES = 128;

/** Fills an array with random bytes that nobody can predict. */
type FillRandom = (bytes: Uint8Array) => void;

/** Creates a source of random identifiers; all-zero ones, which W3C forbids, are never given out. */
export function createRandomIds(fillRandom: FillRandom = randomFillSync): RandomIds {
  const nextText = createRandomTexts(fillRandom);
  let text = '';
  let offset = 0;
  const draw = (digits: number): string => {
    if (offset + digits > text.length) {
      text = nextText();
      offset = 0;
    }
    offset += digits;
    return text.slice(offset - digits, offset);
  };
  return { traceId: () => draw(TRACE_ID_DIGITS), spanId: () => draw(SPAN_ID_DIGITS) };
}

/** Returns a source of random digits, none of whose aligned groups of 16 is all zero. */
function createRandomTexts(fillRandom: FillRandom): () => string {
  const words = new BigUint64Array(POOL_BYTES / BigUint64Array.BYTES_PER_ELEMENT);
  const bytes = Buffer.from(words.buffer);
  let offset = POOL_BYTES;
  return () => {
    if (offset === POOL_BYTES) {
      do fillRandom(bytes);
      while (words.includes(0n));
      offset = 0;
    }
    offset += TEXT_BYTES;
    return bytes.toString('hex', offset - TEXT_BYTES, offset);
  };
}
