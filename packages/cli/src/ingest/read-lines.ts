/** A document of 2 MiB, escaped as JSON, and its other fields fit. */
export const LINE_BYTES_MAX = 3 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A line of a file, without its end; one that cannot be had is passed over and reported. `bytes` count the line end. */
export type Line =
  | { readonly kind: 'line'; readonly text: string; readonly bytes: number }
  | { readonly kind: 'not-utf8'; readonly bytes: number }
  | { readonly kind: 'overlong'; readonly bytes: number };

/** Splits a stream into lines and never holds more than one line of LINE_BYTES_MAX and one chunk. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const line = createLineBuffer();
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      line.append(chunk.subarray(start, end));
      yield line.take(1);
      start = end + 1;
    }
    line.append(chunk.subarray(start));
  }
  if (!line.isEmpty()) yield line.take(0);
}

function createLineBuffer() {
  let parts: Buffer[] = [];
  let bytes = 0;
  return {
    isEmpty: () => bytes === 0,
    append(part: Buffer): void {
      bytes += part.length;
      if (bytes > LINE_BYTES_MAX) parts = [];
      else if (part.length > 0) parts.push(part);
    },
    take(endBytes: number): Line {
      const line = bytes > LINE_BYTES_MAX ? undefined : Buffer.concat(parts);
      const total = bytes + endBytes;
      parts = [];
      bytes = 0;
      return line === undefined ? { kind: 'overlong', bytes: total } : decode(line, total);
    },
  };
}

function decode(line: Buffer, bytes: number): Line {
  try {
    return { kind: 'line', text: new TextDecoder('utf-8', { fatal: true }).decode(line), bytes };
  } catch {
    return { kind: 'not-utf8', bytes };
  }
}
