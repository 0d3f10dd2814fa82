import { randomFillSync } from 'node:crypto';

/** Makes identifiers for traces and spans. */
export interface RandomIds {
  /** Returns 32 lower-case hexadecimal digits. */
  traceId(): string;
  /** Returns 16 lower-case hexadecimal digits. */
  spanId(): string;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Random bytes are drawn 4 KiB at a time: one system call per 512 span ids instead of one per id. */
const POOL_BYTES = 4096;

/** Creates a source of random identifiers; all-zero ones, which W3C forbids, are never given out. */
export function createRandomIds(): RandomIds {
  const pool = Buffer.alloc(POOL_BYTES);
  let offset = POOL_BYTES;
  const draw = (bytes: number): string => {
    if (offset + bytes > POOL_BYTES) {
      randomFillSync(pool);
      offset = 0;
    }
    offset += bytes;
    const id = pool.toString('hex', offset - bytes, offset);
    return /^0+$/.test(id) ? draw(bytes) : id;
  };
  return { traceId: () => draw(TRACE_ID_BYTES), spanId: () => draw(SPAN_ID_BYTES) };
}
