import { connect } from 'node:http2';

import { grpcHeaders } from './grpc-plan.ts';
import { SESSION_PATH, type SessionTarget } from './session-plan.ts';

/** A target that does not answer one stream in this time cannot be measured. */
const ANSWER_MS_MAX = 10_000;

/**
 * Sends a stream byte by byte as the load will, and returns all bytes that came.
 *
 * @throws {Error} when it does not end, or ends with anything but OK.
 */
export async function exchangeStream({ target, metadata }: SessionTarget, body: Buffer): Promise<Buffer> {
  const client = connect(`http://${target}`);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => reject(new Error(`no end within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
  client.on('error', reject);
  const stream = client.request({ ':method': 'POST', ':path': SESSION_PATH, ...grpcHeaders({ metadata }) });
  const chunks: Buffer[] = [];
  let status: unknown = 'none';
  // A stream that fails at once says so in its headers.
  stream.on('response', (headers) => (status = headers['grpc-status'] ?? status));
  stream.on('trailers', (trailers) => (status = trailers['grpc-status'] ?? status));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', reject);
  stream.on('close', () => {
    if (status === '0') resolve(Buffer.concat(chunks));
    else reject(new Error(`the stream ended with the status ${String(status)}`));
  });
  stream.end(body);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}
