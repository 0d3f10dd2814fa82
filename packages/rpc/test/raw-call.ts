import { once } from 'node:events';
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';

/** What came back of a call. */
export interface RawAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** `grpc-status`, wherever it stood; NaN when there was none. */
  readonly status: number;
}

/** Says what is sent. */
export interface RawCall {
  readonly address: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Each is written by itself. */
  readonly parts: readonly Uint8Array[];
  /** Whether the request never ends. */
  readonly isHalfOpen?: boolean;
}

/** Makes a call byte by byte, for what no client would send. */
export async function rawCall({ address, path, headers, parts, isHalfOpen = false }: RawCall): Promise<RawAnswer> {
  const session = connect(`http://${address}`);
  // The stream fails with it.
  session.on('error', () => undefined);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let answered: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (given) => (answered = given));
    stream.on('trailers', (given) => (trailers = given));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = once(stream, 'end');
    for (const part of parts) await new Promise((resolve) => stream.write(part, resolve));
    if (!isHalfOpen) stream.end();
    await ended;
    const status = Number(trailers['grpc-status'] ?? answered['grpc-status'] ?? Number.NaN);
    return { headers: answered, trailers, body: Buffer.concat(chunks), status };
  } finally {
    session.destroy();
  }
}

/** Returns a message after its prefix. */
export function framed(message: Uint8Array, { flag = 0, length = message.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}
