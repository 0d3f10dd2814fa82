/** An answer as it came over the wire. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of the whole answer, head included. */
  readonly bytes: number;
}

const HEAD_END = '\r\n\r\n';

/**
 * Reads the first answer in what has arrived; undefined until it is whole.
 *
 * @throws {Error} when the answer has neither a length nor chunks: nobody could tell where the next one begins.
 */
export function parseHttpAnswer(received: Buffer): HttpAnswer | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const status = Number(statusLine.split(' ')[1]);
  const start = headEnd + HEAD_END.length;
  const body = bodyOf(received.subarray(start), headers);
  return body && { status, headers, body: body.text, bytes: start + body.bytes };
}

function bodyOf(rest: Buffer, headers: Readonly<Record<string, string>>) {
  if (headers['transfer-encoding'] === 'chunked') return chunksOf(rest);
  const length = Number(headers['content-length']);
  if (!Number.isInteger(length)) throw new Error('an answer without content-length and without chunks');
  return rest.length < length ? undefined : { text: rest.toString('utf8', 0, length), bytes: length };
}

function chunksOf(rest: Buffer) {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (rest.length < next) return undefined;
    if (size === 0) return { text: Buffer.concat(parts).toString(), bytes: next };
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
